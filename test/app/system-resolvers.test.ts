import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { SystemResolvers } from '../../src/app/system-resolvers.ts';
import { type LogFields, silentLog } from '../../src/observe/log.ts';
import type { LinkState } from '../../src/system/links/link-state.ts';
import { ResolverFiles } from '../../src/system/resolver-files.ts';

const listen = [{ host: '127.0.0.1', port: 53 }];

/** A system whose resolv.conf the test writes, and the program's view of it. */
async function withSystem(
  run: (scene: {
    readonly stateDir: string;
    /** What `integrate` has kept. */
    readonly before: string;
    write(text: string): Promise<void>;
    start(options?: { readonly mayWrite?: boolean }): {
      readonly resolvers: SystemResolvers;
      addresses(): Promise<string>;
      readonly lines: { readonly level: string; readonly message: string; readonly fields: LogFields }[];
    };
  }) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'pkarrd-kept-'));
  const path = join(directory, 'resolv.conf');
  const stateDir = join(directory, 'state');
  const started: SystemResolvers[] = [];
  try {
    await run({
      stateDir,
      before: join(directory, 'before'),
      write: async (text) => await writeFile(path, text),
      start({ mayWrite = true } = {}) {
        const lines: { level: string; message: string; fields: LogFields }[] = [];
        const note =
          (level: string) =>
          (message: string, fields: LogFields = {}) =>
            lines.push({ level, message, fields });
        const resolvers = new SystemResolvers(
          { listen, stateDir, linkRoutes: true },
          {
            log: { ...silentLog, info: note('info'), warn: note('warn') },
            mayWrite,
            files: new ResolverFiles([{ path, format: 'resolv-conf', isDirectory: false }]),
            before: join(directory, 'before'),
            links: {
              files: new ResolverFiles([]),
              facts: () => [lo],
              resolved: async () => undefined,
              networkManager: async () => vpn,
            },
          },
        );
        started.push(resolvers);
        const addresses = async () =>
          (await resolvers.current()).servers.map(({ address, port }) => `${address}:${port}`).join(' ');
        return { resolvers, addresses, lines };
      },
    });
  } finally {
    for (const resolvers of started) await resolvers.written();
    await rm(directory, { recursive: true });
  }
}

const lo = { number: 1, name: 'lo', isTunnel: false, hasDefaultRoute: false };

/** What the links of this test say. */
let vpn: readonly LinkState[] | undefined;

const own = 'nameserver 127.0.0.1\n';

test('while the system names only ourselves, the resolvers that the network gave last are asked', () =>
  withSystem(async ({ write, start }) => {
    const { addresses, lines } = start();
    await write('nameserver 192.0.2.1\nnameserver 127.0.0.1\n');
    assert.equal(await addresses(), '192.0.2.1:53');
    await write(own);
    assert.equal(await addresses(), '192.0.2.1:53');
    await write('nameserver 192.0.2.2\nnameserver 192.0.2.3\n');
    assert.equal(await addresses(), '192.0.2.2:53 192.0.2.3:53');
    await write(own);
    assert.equal(await addresses(), '192.0.2.2:53 192.0.2.3:53');
    assert.equal(lines.length, 4);
    const { level, message, fields } = lines[1] ?? assert.fail();
    assert.equal(level, 'warn');
    assert.match(message, /names only pkarrd itself/);
    const { looked } = fields;
    assert.match(String(looked), /resolv\.conf names only pkarrd itself$/);
  }));

test('they are known after a restart, and a command knows them too', () =>
  withSystem(async ({ stateDir, write, start }) => {
    await write('nameserver 192.0.2.1\nnameserver 2001:db8::1\n');
    const first = start();
    await first.addresses();
    await first.resolvers.written();
    assert.equal((await stat(stateDir)).mode & 0o777, 0o700);
    await write(own);
    assert.equal(await start().addresses(), '192.0.2.1:53 2001:db8::1:53');
    const { servers, isKept, path } = await start({ mayWrite: false }).resolvers.find();
    assert.deepEqual([servers.length, isKept, path], [2, true, undefined]);
  }));

test('a command writes nothing, and what is the same is not written again', () =>
  withSystem(async ({ stateDir, write, start }) => {
    await write('nameserver 192.0.2.1\n');
    const command = start({ mayWrite: false });
    await command.addresses();
    await command.resolvers.written();
    await assert.rejects(stat(stateDir));
    const first = start();
    await first.addresses();
    await first.resolvers.written();
    const before = await stat(join(stateDir, 'resolvers'));
    const second = start();
    await second.addresses();
    await second.resolvers.written();
    assert.equal((await stat(join(stateDir, 'resolvers'))).ino, before.ino);
  }));

test('without a network, which names nobody, nobody is asked', () =>
  withSystem(async ({ write, start }) => {
    const { addresses, lines } = start();
    await write('nameserver 192.0.2.1\n');
    await addresses();
    await write('');
    assert.equal(await addresses(), '');
    assert.match(
      lines.at(-1)?.message ?? '',
      /^The system names no resolver, so ordinary names cannot be resolved/,
    );
  }));

test('a file that was written again in other words is told no more', () =>
  withSystem(async ({ write, start }) => {
    const { addresses, lines } = start();
    for (const text of [
      'nameserver 192.0.2.1\n',
      '# again\nnameserver 192.0.2.1\n',
      'nameserver  192.0.2.1',
    ]) {
      await write(text);
      assert.equal(await addresses(), '192.0.2.1:53');
    }
    assert.deepEqual(
      lines.map(({ level, message }) => [level, message]),
      [['info', 'Using the resolvers of the system for ordinary names.']],
    );
  }));

test('a file of the state directory with anything else in it is not believed, nor is one that names us', () =>
  withSystem(async ({ stateDir, write, start }) => {
    await write(own);
    await mkdir(stateDir);
    const kept = join(stateDir, 'resolvers');
    for (const text of [
      '192.0.2.1\n',
      'pkarrd resolvers 1\nresolver.example\n',
      'pkarrd resolvers 1\n192.0.2.1',
    ]) {
      await writeFile(kept, text);
      const { addresses, lines } = start();
      assert.equal(await addresses(), '');
      assert.match(lines[0]?.message ?? '', /^Cannot read the resolvers of the last run/);
    }
    await writeFile(kept, 'pkarrd resolvers 1\n127.0.0.1\n');
    assert.equal(await start().addresses(), '');
  }));

test('a state directory that cannot be written to is told, and the resolvers are used all the same', () =>
  withSystem(async ({ stateDir, write, start }) => {
    await writeFile(stateDir, 'a file in its place');
    await write('nameserver 192.0.2.1\n');
    const { addresses, resolvers, lines } = start();
    assert.equal(await addresses(), '192.0.2.1:53');
    await resolvers.written();
    assert.ok(lines.some(({ message }) => message.startsWith('Cannot write the resolvers of the network.')));
    assert.ok(await readFile(stateDir));
  }));

test('the search domains of links count, and a link that names only us has no resolvers', () =>
  withSystem(async ({ write, start }) => {
    await write('nameserver 192.0.2.1\nsearch lan\n');
    const tunnel: LinkState = {
      ...{ link: 'lo', domains: ['corp.example', 'b.example'], search: ['corp.example'], takesAll: false },
      servers: [
        { address: '127.0.0.1', port: 53 },
        { address: '192.0.2.7', port: 53 },
      ],
    };
    vpn = [tunnel, { ...tunnel, link: 'other', servers: tunnel.servers.slice(0, 1) }];
    try {
      const { resolvers } = start();
      const { search, links } = await resolvers.current();
      assert.deepEqual(search, ['lan', 'corp.example']);
      assert.deepEqual(links, [{ ...tunnel, servers: tunnel.servers.slice(1) }]);
    } finally {
      vpn = undefined;
    }
  }));

test('a state directory that was lost is no reason to know no resolver: those from before "integrate" are asked', () =>
  withSystem(async ({ write, start, stateDir, before }) => {
    await writeFile(before, '# before\nnameserver 192.0.2.7\nnameserver 127.0.0.1\n');
    await write(own);
    const { addresses, resolvers, lines } = start();
    assert.equal(await addresses(), '192.0.2.7:53');
    assert.equal((await resolvers.find()).isKept, true);
    assert.match(lines.map(({ message }) => message).join(), /^The system names only pkarrd itself/);
    // What the network gave last counts more.
    await write('nameserver 192.0.2.1\n');
    assert.equal(await addresses(), '192.0.2.1:53');
    await write(own);
    assert.equal(await addresses(), '192.0.2.1:53');
    await resolvers.written();
    assert.equal(await start().addresses(), '192.0.2.1:53');
    await rm(stateDir, { recursive: true });
    assert.equal(await start().addresses(), '192.0.2.7:53');
  }));
