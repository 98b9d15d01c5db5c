import assert from 'node:assert/strict';
import { test } from 'node:test';
import { whySkipped } from '../integrate/tell-rows.ts';
import { bootMachine, type Machine } from '../support/machine.ts';
import { putProgram } from '../support/program.ts';
import { bookworm, trixie } from '../support/recipes.ts';

/**
 * A program for Node that opens the first page again and again until a file says that the restart is over, and 20 times more; then it
 * prints how often it was answered and how often not.
 */
const OPENS = `
  const counts = { answered: 0, failed: 0 };
  const isOver = () => require('node:fs').existsSync('/run/restarted');
  const get = () => new Promise((resolve) => {
    require('node:http').get({ host: ['127.0.0.1', '::1'][counts.answered % 2], port: 8053, agent: false }, (response) => {
      response.resume().on('end', () => { counts.answered++; resolve(); }).on('error', resolve);
    }).on('error', (error) => { counts.failed++; console.error(error.code); resolve(); });
  });
  (async () => {
    while (!isOver()) await get();
    for (let more = 0; more < 20; more++) await get();
    console.log(JSON.stringify(counts));
  })();`;

const cases = [
  ['trixie', trixie, false],
  ['bookworm', bookworm, whySkipped],
] as const;

for (const [name, recipe, skip] of cases) {
  test(`browsers are answered at the sockets of systemd, and none is refused while pkarrd restarts: ${name}`, {
    skip,
  }, async () => {
    await using machine = await bootMachine(recipe);
    await putProgram(machine);
    await machine.sh('pkarrd install');
    assert.match(await machine.sh('pkarrd status'), /^browsers +http:\/\/KEY\.localhost:8053$/m);
    assert.match(await machine.sh("ss --listening --tcp --numeric --processes 'sport = :8053'"), /systemd/);
    const opened = machine.run(['node', '--eval', OPENS]);
    await machine.sh('sleep 1; systemctl restart pkarrd; touch /run/restarted');
    const { out, err } = await opened;
    const { answered, failed } = JSON.parse(out) as { answered: number; failed: number };
    // A page that was under way when the service ended is cut off; nobody is refused.
    assert.ok(answered >= 20 && failed <= 1, out + err);
    assert.doesNotMatch(err, /ECONNREFUSED/);

    // A connection starts the service, as a query does.
    await machine.sh('systemctl stop pkarrd');
    assert.equal(await firstPage(machine, '127.0.0.1'), 200);
    assert.equal(await machine.sh('systemctl is-active pkarrd'), 'active\n');

    await machine.sh(`printf 'http = "off"\\n' > /etc/pkarrd/pkarrd.toml; pkarrd install`);
    assert.equal(await firstPage(machine, '127.0.0.1'), 'ECONNREFUSED');
    assert.doesNotMatch(await machine.sh('pkarrd status'), /^browsers/m);
    await machine.sh('pkarrd uninstall; rm /etc/pkarrd/pkarrd.toml');

    // Somebody else has one of the two addresses.
    const holder = 'require("node:net").createServer().listen(8053, "::1", () => console.log("bound"))';
    const other = machine.start(['node', '--eval', holder]);
    await new Promise((resolve) => other.stdout?.once('data', resolve));
    const installed = await machine.run(['pkarrd', 'install']);
    assert.equal(installed.code, 0, installed.err);
    assert.match(
      installed.err,
      /pkarrd-http\.socket was not opened; "pkarrd doctor" says who has its addresses\./,
    );
    assert.equal(await machine.sh('dig +short @127.0.0.1 localhost'), '127.0.0.1\n');
    assert.equal(await firstPage(machine, '127.0.0.1'), 'ECONNREFUSED');
    assert.match(
      (await machine.run(['pkarrd', 'doctor'])).out,
      /^warning +browsers .*\[::1\]:8053 is needed, and node has it \(process \d+\)/m,
    );
  });
}

/** The status of the first page at this address, or the error of the connection. */
async function firstPage(machine: Machine, address: string): Promise<number | string> {
  const program = `require('node:http').get({ host: '${address}', port: 8053 }, (response) => {
    console.log(response.statusCode);
    process.exit();
  }).on('error', ({ code }) => console.log(JSON.stringify(code)));`;
  return JSON.parse((await machine.run(['node', '--eval', program])).out) as number | string;
}
