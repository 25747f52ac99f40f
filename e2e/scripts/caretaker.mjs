import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * `caretaker.mjs FOLDER` waits for the end of whoever holds its standard input, and ends what that has left: programs whose
 * `TMPDIR` is FOLDER or inside of it, network namespaces of theirs, what they mounted there, and the folder. Says which programs those
 * were. Only Linux tells of programs, namespaces and mounts.
 */

const [, , folder = ''] = process.argv;
// Of any other folder it would end what is not the run's.
if (!basename(folder).startsWith('skein-run-')) throw new Error('usage: caretaker.mjs FOLDER');

/** How often programs are looked for: one may start another while it is being ended. */
const ROUNDS = 20;

/** Pause between two. [ms] */
const ROUND_MS = 100;

/** The processes that were started with the folder, by id, with their command lines. */
function programs() {
  const found = new Map();
  for (const name of listed('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const isOurs = read(`/proc/${pid}/environ`).split('\0').some(isWithin);
    if (!isOurs) continue;
    found.set(pid, read(`/proc/${pid}/cmdline`).split('\0').join(' ').trim());
  }
  return found;
}

/** A run inside of this one has a folder inside of this folder. */
function isWithin(variable) {
  return `${variable}/`.startsWith(`TMPDIR=${folder}/`);
}

async function endPrograms() {
  const told = new Set();
  for (let round = 0; round < ROUNDS; round++) {
    const left = programs();
    if (left.size === 0) return;
    for (const [pid, command] of left) {
      if (!told.has(pid)) process.stderr.write(`left running, and ended now: ${pid} ${command.slice(0, 200)}\n`);
      told.add(pid);
      attempt(() => process.kill(pid, 'SIGKILL'));
    }
    await sleep(ROUND_MS);
  }
}

/** The network namespaces of tests whose process is gone: `NatNetwork` names them after it. */
function endNamespaces() {
  for (const name of listed('/run/netns')) {
    const pid = Number(/^skein-(\d+)-/.exec(name)?.[1] ?? 'none');
    if (Number.isInteger(pid) && !isRunning(pid)) attempt(() => execFileSync('ip', ['netns', 'delete', name]));
  }
}

function endMounts() {
  for (const line of read('/proc/self/mounts').split('\n')) {
    const [, place = ''] = line.split(' ');
    if (place.startsWith(`${folder}/`)) attempt(() => execFileSync('umount', ['--lazy', place]));
  }
}

function isRunning(pid) {
  return attempt(() => process.kill(pid, 0)) !== undefined;
}

function listed(place) {
  return attempt(() => readdirSync(place)) ?? [];
}

function read(place) {
  return attempt(() => readFileSync(place, 'utf8')) ?? '';
}

/** What `run` returns; undefined when it throws: processes end by themselves, too. */
function attempt(run) {
  try {
    return run();
  } catch {
    return undefined;
  }
}

process.stdin.resume();
await new Promise((resolve) => process.stdin.once('close', resolve));
await endPrograms();
endNamespaces();
endMounts();
attempt(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
