import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import bencode from 'bencode';
import { targetOf } from '../../../src/bep44/target.ts';
import { startMainlineNode } from '../../../src/mainline/node/node.ts';
import { OWN_NETWORKS } from '../../support/own-network.ts';
import { startPublicNetwork } from '../../support/public-network.ts';
import { never, newAuthor } from '../support/items.ts';
import { compact, idNear } from '../support/scripted-node.ts';
import { lookUp } from '../support/walk.ts';

// Runs in a network of its own: 60 nodes, and 26 more, 30 % of all, that somebody placed around one target. These name each
// other, take every item and give none. Says as JSON how many nodes that were not placed have the item, and who finds it.
const network = await startPublicNetwork(60);
const bootstrap = network.addresses.slice(0, 3);
const author = newAuthor();
const target = targetOf(author.key);
const crowd = await Promise.all(
  Array.from({ length: 26 }, async (_, index) => {
    const host = `${OWN_NETWORKS[index % OWN_NETWORKS.length]}.9.1.${index}`;
    const socket = createSocket('udp4');
    socket.bind(6881, host);
    await once(socket, 'listening');
    return { socket, host, port: 6881, id: idNear(target, 4) };
  }),
);
const stored = new Set<string>();
for (const [index, { socket, host, id }] of crowd.entries()) {
  const others = [...crowd.slice(index), ...crowd.slice(0, index)].slice(1, 21);
  socket.on('message', (datagram, { address, port }) => {
    const { t, y, q } = Object(bencode.decode(datagram));
    if (String(y) !== 'q') return;
    if (String(q) === 'put') stored.add(host);
    const r = { id, token: 'token', nodes: compact(others) };
    socket.send(bencode.encode({ t, y: 'r', r }), port, address);
  });
}
/** They make themselves known, so that they are in the tables of the others. A node takes a few newcomers at once. */
function makeKnown() {
  for (const { socket, id } of crowd)
    for (const { host: to, port } of network.addresses)
      socket.send(bencode.encode({ t: randomBytes(4), y: 'q', q: 'ping', a: { id } }), port, to);
}
const knowCrowd = async () => {
  const known = await Promise.all(network.nodes.map((node) => node.status()));
  return known.every(({ nodes }) => nodes > 20);
};
do {
  makeKnown();
  await new Promise((done) => setTimeout(done, 200));
} while (!(await knowCrowd()));

const publisher = await startMainlineNode({
  bootstrap,
  network: 'public',
  host: '109.9.9.9',
  externalHost: '109.9.9.9',
});
await publisher.settled();
const outcome = await publisher.put(author.item(1n, 'x'), { signal: never() });
await publisher.close();
const reader = await startMainlineNode({
  bootstrap,
  network: 'public',
  host: '212.9.9.9',
  externalHost: '212.9.9.9',
});
await reader.settled();
const { summary } = await lookUp(reader, author.key);
await reader.close();
process.stdout.write(
  `${JSON.stringify({ crowd: stored.size, others: outcome.stored - stored.size, found: summary.held })}\n`,
);
for (const { socket } of crowd) socket.close();
await network.close();
