import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Endpoint, whyOurs } from '../../src/system/own-addresses.ts';

const listening: readonly Endpoint[] = [
  { address: '127.0.0.1', port: 53 },
  { address: '::1', port: 53 },
];

const cases: readonly (readonly [Endpoint, readonly Endpoint[], readonly string[], boolean])[] = [
  [{ address: '127.0.0.1', port: 53 }, listening, [], true],
  [{ address: '127.0.0.1', port: 5353 }, listening, [], false],
  [{ address: '0:0:0:0:0:0:0:1', port: 53 }, listening, [], true],
  [{ address: '::ffff:127.0.0.1', port: 53 }, listening, [], true],
  [{ address: '0.0.0.0', port: 53 }, listening, [], true],
  [{ address: '127.0.0.2', port: 53 }, listening, [], false],
  [{ address: '127.0.0.54', port: 53 }, [], [], true],
  [{ address: '192.168.1.2', port: 53 }, [{ address: '0.0.0.0', port: 53 }], ['192.168.1.2'], true],
  [{ address: '192.168.1.3', port: 53 }, [{ address: '0.0.0.0', port: 53 }], ['192.168.1.2'], false],
  [{ address: '127.9.9.9', port: 53 }, [{ address: '0.0.0.0', port: 53 }], [], true],
  [{ address: '192.168.1.2', port: 53 }, [{ address: '::', port: 53 }], ['192.168.1.2'], true],
  [{ address: 'fe80::2%eth0', port: 53 }, [{ address: '::', port: 53 }], ['fe80::2'], true],
  [{ address: 'fe80::2%eth0', port: 53 }, [{ address: '0.0.0.0', port: 53 }], ['fe80::2'], false],
];

test('a question to an address and port of ours would be a loop, and to any other would not', () => {
  for (const [endpoint, own, machine, isOurs] of cases) {
    const why = whyOurs(endpoint, own, machine);
    assert.equal(
      why !== undefined,
      isOurs,
      `${endpoint.address}:${endpoint.port} with ${JSON.stringify(own)}: ${why}`,
    );
  }
});
