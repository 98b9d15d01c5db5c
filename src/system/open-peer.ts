import { bun } from './bun/api.ts';
import { openBunPeer } from './bun/peer.ts';
import { openNodePeer } from './node/peer.ts';
import type { OpenPeer } from './peer-socket.ts';

/** Opens a client socket in the way that is best for the current runtime. */
export const openPeer: OpenPeer = bun === undefined ? openNodePeer : openBunPeer(bun);
