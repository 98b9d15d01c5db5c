import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApp } from '../../src/app/app.ts';
import type { App } from '../../src/app/status.ts';
import { defaultSettings, type Settings } from '../../src/config/settings.ts';
import type { DhtNode } from '../../src/mainline/dht-node.ts';
import { startMainlineNode } from '../../src/mainline/node/node.ts';
import { type Log, silentLog } from '../../src/observe/log.ts';
import type { SignedPacket } from '../../src/pkarr/signed-packet.ts';
import { startTestNetworkThread } from '../../src/testnet/proxy.ts';
import type { TestNetwork } from '../../src/testnet/test-network.ts';
import { building } from './building.ts';
import type { ServerAddress } from './dns-client.ts';
import { type ScriptedUpstream, startScriptedUpstream } from './scripted-upstream.ts';

/** The whole program between a real DHT and a scripted upstream, all on loopback. */
export interface AppScene {
  readonly app: App;
  readonly server: ServerAddress;
  readonly upstream: ScriptedUpstream;
  readonly network: TestNetwork;
  /** A node of the test, to put packets with. */
  readonly node: DhtNode;
  /** Puts a packet into the DHT and returns the number of nodes that stored it. */
  put(packet: SignedPacket): Promise<number>;
  close(): Promise<void>;
}

/** Starts everything; `settings` override those of the program. */
export function startAppScene(
  options: { readonly settings?: Partial<Settings>; readonly nodes?: number; readonly log?: Log } = {},
): Promise<AppScene> {
  return building(async (undo) => {
    const network = await startTestNetworkThread({ nodes: options.nodes ?? 12 });
    undo(() => network.close());
    const upstream = await startScriptedUpstream();
    undo(() => upstream.close());
    const node = await startMainlineNode({ bootstrap: network.bootstrap, host: '127.0.0.1' });
    undo(() => node.close());
    await node.ready();
    const stateDir = await mkdtemp(join(tmpdir(), 'pkarrd-scene-'));
    undo(() => rm(stateDir, { recursive: true, force: true }));
    const machine = { environment: {}, isRoot: false, home: '/nonexistent' };
    const app = await startApp(
      {
        ...defaultSettings(machine),
        listen: [{ host: '127.0.0.1', port: 0 }],
        upstream: [`${upstream.address}:${upstream.port}`],
        bootstrap: network.bootstrap,
        stateDir,
        relay: [],
        http: 'off',
        dhtListen: { host: '127.0.0.1', port: 0 },
        ...options.settings,
      },
      options.log ?? silentLog,
    );
    undo(() => app.close());
    const [server] = app.addresses;
    if (server === undefined) throw new Error('The program listens nowhere.');
    return {
      app,
      server,
      upstream,
      network,
      node,
      async put(packet) {
        return (await node.put(packet.item, { signal: AbortSignal.timeout(10_000) })).stored;
      },
    };
  });
}
