import type { Contact, NodeId } from '../../../shared/src/ids.ts';

/** What is heard from other tabs. */
export interface TabHandler {
  /** Another tab of this browser profile runs a peer. */
  met(contact: Contact): void;
  /** A letter from another tab; tagged as letters through the server are. */
  letter(bytes: Uint8Array): void;
}

/** The other tabs of this origin in this browser profile: a way to meet that needs no server. */
export interface Tabs {
  start(handler: TabHandler): void;
  /** True when a tab with that peer took the letter; false at once when none is known. Never rejects. */
  deliver(to: NodeId, bytes: Uint8Array): Promise<boolean>;
  close(): void;
}
