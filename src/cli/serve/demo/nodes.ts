/** Nodes of the test DHT: more than the 20 that store a packet. */
export const NODES = 30;
