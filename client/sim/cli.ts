import { runApart } from './apart.ts';
import { SOURCES } from './folders.ts';
import { main } from './main.ts';
import { Results } from './results.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { SwarmResults } from './swarm/report.ts';

process.exitCode = await main(process.argv.slice(2), SCENARIOS, {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  runApart,
  keep: (report) => new Results(SOURCES.results).keep(report),
  keepSwarm: (report) => new SwarmResults(SOURCES.swarmResults).keep(report),
});
