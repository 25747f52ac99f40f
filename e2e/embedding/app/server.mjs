import process from 'node:process';
import { createServer } from 'skein/server';

/** The signaling server inside another program: it serves no page, and stops with the program. */
const server = createServer({ port: 0, host: '127.0.0.1' });
await server.listen();
process.stdout.write(`running at ${server.url}\n`);
process.once('SIGTERM', () => void server.close());
