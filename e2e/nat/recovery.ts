import { NatLab, type Person } from '../harness/nat-lab.ts';

/** What happens to a person, and what its tab sees of it first. */
interface Mishap {
  readonly what: string;
  /** Resolves when links can come back. */
  readonly happen: (lab: NatLab, person: Person, other: Person) => Promise<void>;
}

const RUNS = 5;

/** How long a link may take to come back. [ms] */
const PATIENCE_MS = 90_000;

const MISHAPS: readonly Mishap[] = [
  {
    what: 'a provider changed the address of one',
    happen: (lab, person) => Promise.resolve(lab.network.renumber(person.host)),
  },
  {
    what: 'the laptop of one woke, after the other had given it up',
    happen: async (lab, person, other) => {
      lab.network.setAsleep(person.host, true);
      await other.tab.until('the link to be gone', () => window.skein.status.links === 0, undefined);
      lab.network.setAsleep(person.host, false);
    },
  },
  {
    what: 'one was without its network until both had given the link up',
    happen: async (lab, person, other) => {
      lab.network.unplug(person.host);
      const isGone = (): boolean => window.skein.status.links === 0;
      await Promise.all([person, other].map(({ tab }) => tab.until('the link to be gone', isGone, undefined)));
      lab.network.plugBack(person.host);
    },
  },
];

/** Prints how soon two people behind port-restricted routers have a new link after each mishap. */
export async function measureRecovery(): Promise<void> {
  const lab = await NatLab.open();
  try {
    const [person, other] = [await lab.join('port-restricted'), await lab.join('port-restricted')];
    for (const { what, happen } of MISHAPS) {
      const seconds: number[] = [];
      for (let run = 0; run < RUNS; run++) {
        await person.tab.joined(1, PATIENCE_MS);
        const lost = await watchLink(other);
        await happen(lab, person, other);
        const since = performance.now();
        await lost.linkedAgain();
        seconds.push((performance.now() - since) / 1000);
      }
      const [least = 0, , median = 0, , most = 0] = seconds.toSorted((a, b) => a - b);
      const [from, to] = [least, most].map((each) => each.toFixed(1));
      console.log(`linked again after ${what}: ${median.toFixed(1)} s (${from} to ${to}, ${RUNS} times)`);
    }
  } finally {
    await lab.close();
  }
}

/** From now on looks for the link of a tab to go and for one to come. */
async function watchLink({ tab }: Person): Promise<{ linkedAgain(): Promise<void> }> {
  const state = await tab.page.evaluateHandle(() => {
    const seen = { isBack: false };
    const stop = window.skein.on('unlink', () => {
      stop();
      window.skein.on('link', () => (seen.isBack = true));
    });
    return seen;
  });
  return { linkedAgain: () => tab.until('a new link', ({ isBack }) => isBack, state, { timeoutMs: PATIENCE_MS }) };
}
