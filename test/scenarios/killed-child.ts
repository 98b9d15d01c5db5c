import { startProgram } from './program.ts';

// The program that the test kills. Arguments: its state directory and the relay that it asks, each time anew.
const [stateDir = '', relay = ''] = process.argv.slice(2);
const program = await startProgram({
  stateDir,
  bootstrap: [],
  dht: false,
  relay: [new URL(relay)],
  relayUse: 'always',
  // No packet is ever fresh, so that every question asks the relay.
  minimumPacketTtl: 0,
  maximumPacketTtl: 0,
});
process.stdout.write(`${program.app.addresses[0]?.port}\n`);
