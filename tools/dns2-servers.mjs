// What the builds of the program take for `dns2`: its servers, which is all of it that runs here. The index of the package loads its
// clients too, and with them HTTP, HTTP/2 and TLS of the runtime; its `exports` name nothing else.
export { default as TCPServer } from '../node_modules/dns2/server/tcp.js';
export { default as UDPServer } from '../node_modules/dns2/server/udp.js';
