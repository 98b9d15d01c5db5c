import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cancellation } from '../../../src/async/cancellation.ts';
import { Class, Type } from '../../../src/dns/codes.ts';
import { Name } from '../../../src/dns/name.ts';
import type { Connection, ConnectionListener } from '../../../src/forward/connection/connection.ts';
import type { PendingQuery } from '../../../src/forward/connection/pending-query.ts';
import { ConnectionPool } from '../../../src/forward/connection/pool.ts';
import { UpstreamFailure } from '../../../src/forward/errors.ts';
import { buildRequest } from '../../../src/forward/request.ts';
import { SocketBudget } from '../../../src/forward/socket-budget.ts';
import { TRY_MS } from '../../../src/forward/upstream.ts';
import { MovableClock } from '../../support/movable-clock.ts';

const failure = new UpstreamFailure('reset', 'closed the connection');

/** A connection that is played: it sends nothing, and is silent or closes when the test says so. */
class PlayedConnection implements Connection<Buffer> {
  isOpen = true;
  readonly isReady = true;
  isStalled = false;
  readonly pending = new Set<PendingQuery<Buffer>>();
  readonly #listener: ConnectionListener<Buffer>;

  constructor(listener: ConnectionListener<Buffer>) {
    this.#listener = listener;
  }

  get load(): number {
    return this.pending.size;
  }

  send(query: PendingQuery<Buffer>): void {
    this.pending.add(query);
  }

  forget(query: PendingQuery<Buffer>): void {
    this.pending.delete(query);
  }

  destroy(reason: UpstreamFailure): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const unanswered = [...this.pending];
    this.pending.clear();
    this.#listener.closed({ unanswered, wasReady: true, wasFruitful: false, failure: reason });
  }

  stall(): void {
    this.isStalled = true;
    this.#listener.stalled([...this.pending]);
  }
}

test('when every connection is silent and full, queries that are held wait, and the program goes on', async () => {
  const clock = new MovableClock();
  const connections: PlayedConnection[] = [];
  const pool = new ConnectionPool<Buffer>({
    protocol: 'TCP',
    open(listener) {
      const connection = new PlayedConnection(listener);
      connections.push(connection);
      return connection;
    },
    read: () => assert.fail('no reply comes'),
    budget: new SocketBudget(100),
    clock,
  });
  const outcomes: Promise<unknown>[] = [];
  const ask = (name: string) => {
    const request = buildRequest({ name: Name.parse(name), type: Type.A, class: Class.IN }, false, false);
    const observer = { heard: () => {}, trouble: () => {} };
    const asked = pool.exchange({ request, edns: true, observer, cancellation: new Cancellation() });
    outcomes.push(asked.catch((error: unknown) => error));
  };
  ask('one.example');
  // It closes without any reply: from now on one query at a time.
  connections[0]?.destroy(failure);
  clock.advance(100);
  for (const name of ['two', 'three', 'four', 'five', 'six', 'seven']) {
    ask(`${name}.example`);
    for (const connection of connections.filter(({ isOpen, isStalled }) => isOpen && !isStalled))
      connection.stall();
    clock.advance(100);
  }
  assert.ok(connections.filter(({ isOpen }) => isOpen).every(({ isStalled, load }) => isStalled && load > 0));
  // The first gives up, and those that are held are looked at.
  clock.advance(TRY_MS);
  clock.advance(TRY_MS);
  const ended = await Promise.all(outcomes);
  assert.equal(ended.length, 7);
  for (const outcome of ended) assert.ok(outcome instanceof UpstreamFailure, String(outcome));
  pool.close();
});
