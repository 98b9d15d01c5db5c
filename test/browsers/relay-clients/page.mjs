/**
 * Runs in a page: three clients of relays. Each publishes a packet of a new key through `relay`, reads it again, and tells the key,
 * whether it has read what it published, and of each PUT how many nodes hold the packet, as the relay says.
 */
import { Client, Keypair, Pubky } from '@synonymdev/pubky';
import { DidDht } from '@web5/dids';
import { generateKeyPair, Pkarr, SignedPacket, z32 } from 'pkarr';

const nodes = [];
const { fetch: send } = globalThis;
globalThis.fetch = async (...request) => {
  const response = await send(...request);
  const count = response.headers.get('pkarr-dht-stored-nodes');
  if (count !== null) nodes.push(count);
  return response;
};

const clients = {
  async pkarr(relay) {
    const pair = generateKeyPair(Buffer.from(crypto.getRandomValues(new Uint8Array(32))));
    const record = { name: '_hi', type: 'TXT', class: 'IN', ttl: 300, data: Buffer.from('there') };
    const packet = SignedPacket.fromPacket(pair, { id: 0, type: 'response', flags: 0, answers: [record] });
    await Pkarr.relayPut(relay, packet);
    const found = await Pkarr.relayGet(relay, pair.publicKey);
    return { key: z32.encode(pair.publicKey), isRead: found?.resourceRecords('_hi').length === 1 };
  },
  async dids(relay) {
    const { uri } = await DidDht.create({ options: { gatewayUri: relay, publish: true } });
    const { didDocument } = await DidDht.resolve(uri, { gatewayUri: relay });
    return { key: uri.replace('did:dht:', ''), isRead: didDocument?.id === uri };
  },
  async pubky(relay) {
    const pubky = Pubky.withClient(new Client({ pkarr: { relays: [relay] } }));
    // A call takes over the objects that it is given.
    const [pair, homeserver] = [Keypair.random(), Keypair.random().publicKey];
    const [key, expected] = [pair.publicKey.z32(), homeserver.z32()];
    const { publicKey } = pair;
    await pubky.signer(pair).pkdns.publishHomeserverForce(homeserver);
    const found = await pubky.getHomeserverOf(publicKey);
    return { key, isRead: found?.z32() === expected };
  },
};

globalThis.tryClient = async (name, relay) => {
  nodes.length = 0;
  const told = await clients[name](relay);
  return { ...told, nodes };
};
