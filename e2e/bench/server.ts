import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { utf8Encode } from '../../shared/src/bytes.ts';
import { type Key, hashToId } from '../../shared/src/ids.ts';
import { PING_INTERVAL_MS } from '../../shared/src/limits/signaling.ts';
import { ServerProcess } from '../harness/server.ts';
import { Crowd } from './crowd.ts';
import { type Figure, median } from './figures.ts';
import { say } from './lab.ts';

/** Tabs that arrive in a second: what a server on one core and the crowd on another keep up with. */
const ARRIVALS_PER_SECOND = 200;

/** How long all are watched doing nothing. [ms] Each is asked for a sign of life twice. */
const IDLE_MS = 2 * PING_INTERVAL_MS;

/** Torrents that a tab announces, and members of each torrent's swarm when all are there. */
const ANNOUNCES_PER_TAB = 4;
const SWARM = 20;

/** Files of a process that are no sockets of tabs: its output, its listening socket, what it is just reading. */
const OTHER_FILES = 200;

/** Clock ticks of a second in /proc: USER_HZ, which is 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/**
 * What a crowd of tabs costs the server. Memory and processor time are those of the server's process alone, all its
 * threads; the crowd is in this one, whose work takes a core of its own away. Memory is what the server has grown by, so
 * that its warming up counts, too: much among few tabs. The tabs do not load the page: they connect, join, and answer signs
 * of life as the page does.
 */
export async function crowdedServer(asked: number): Promise<Figure[]> {
  if (process.platform !== 'linux') throw new Error('a crowd needs the /proc and the loopback addresses of Linux');
  const tabs = Math.min(asked, (await maxOpenFiles()) - OTHER_FILES);
  if (tabs < asked) say(`A process may open ${tabs + OTHER_FILES} files here: ${tabs} tabs, not ${asked}.`);
  const server = await ServerProcess.start();
  try {
    // By number, so that no name is looked up for each of them.
    const crowd = await Crowd.of(tabs, `http://127.0.0.1:${server.port}`);
    try {
      return await measure(server, crowd, tabs);
    } finally {
      crowd.close();
    }
  } finally {
    await server.kill();
  }
}

async function measure(server: ServerProcess, crowd: Crowd, tabs: number): Promise<Figure[]> {
  const empty = await usage(server.pid);
  const joins = await crowd.arrive(ARRIVALS_PER_SECOND);
  const arrived = await usage(server.pid);
  await delay(IDLE_MS);
  const idle = await usage(server.pid);
  await server.kill();
  await crowd.allLost();
  const restarted = performance.now();
  await server.restart();
  await crowd.allJoined();
  const backMs = performance.now() - restarted;
  const quiet = await usage(server.pid);
  const announces = await crowd.announce((index) => torrentsOf(index, tabs));
  const announced = await usage(server.pid);
  const of = `server with ${tabs} tabs`;
  const at = `${ARRIVALS_PER_SECOND} a second`;
  return [
    { what: `${of}: memory of each`, unit: 'kB', runs: [(idle.bytes - empty.bytes) / 1000 / tabs] },
    { what: `${of}: processor time of a join`, unit: 'ms', runs: [(arrived.cpuMs - empty.cpuMs) / tabs] },
    { what: `${of}: start to joined, ${at}`, unit: 'ms', runs: [median(joins)] },
    { what: `${of}: share of a core while all idle`, unit: '', runs: [(idle.cpuMs - arrived.cpuMs) / IDLE_MS] },
    { what: `${of}: killed server started again to all joined`, unit: 's', runs: [backMs / 1000] },
    {
      what: `${of}: processor time of an announce, swarms of ${SWARM}`,
      unit: 'ms',
      runs: [(announced.cpuMs - quiet.cpuMs) / announces],
    },
  ];
}

/** What a tab of a crowd announces: of as many torrents that each is announced by `SWARM` tabs. */
function torrentsOf(index: number, tabs: number): readonly Key[] {
  const swarms = Math.ceil((tabs * ANNOUNCES_PER_TAB) / SWARM);
  return Array.from({ length: ANNOUNCES_PER_TAB }, (_, turn) =>
    hashToId(utf8Encode(`torrent ${(index * ANNOUNCES_PER_TAB + turn) % swarms}`)),
  );
}

/** Memory in use and processor time so far of a process, all its threads. */
async function usage(pid: number): Promise<{ readonly bytes: number; readonly cpuMs: number }> {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/status`, 'utf8'),
  ]);
  // The name of the program, in brackets, may hold anything. After it: proc(5), fields 3 and on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[14 - 3]) + Number(fields[15 - 3]);
  return { bytes: 1024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]), cpuMs: (1000 * ticks) / TICKS_PER_SECOND };
}

/** Files that this process may open, and so those that it starts. Node has raised its limit as far as it may already. */
async function maxOpenFiles(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8');
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? [];
  return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
