import { bun } from './bun/api.ts';
import { openBunPeer } from './bun/peer.ts';
import { openNodePeer } from './node/peer.ts';
import type { OpenPeer } from './peer-socket.ts';

/** Opens a socket that asks, as the runtime that runs us does it best. */
export const openPeer: OpenPeer = bun === undefined ? openNodePeer : openBunPeer(bun);
