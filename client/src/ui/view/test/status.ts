import type { NodeStatus } from '../../../index.ts';

/** Of a node that has the server, and nobody yet. */
export const ALONE: NodeStatus = {
  server: 'connected',
  joined: false,
  links: 0,
  relayed: 0,
  known: 0,
  networkSize: 1,
  secure: true,
  storage: 'persistent',
};
