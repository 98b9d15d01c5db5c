import type { Machine } from './machine.ts';

/** A link of a machine and what is at its other end: a network namespace inside the machine, in the place of a router. */
export interface Lan {
  /** The name of the link on the machine's side, such as `lan0`. The other side is `eth0` in the namespace. */
  readonly device: string;
  /** The name of the namespace, such as `isp`. */
  readonly namespace: string;
  /** Three octets of an IPv4 /24, such as `10.77.0`. The router is .1. The machine becomes .2, or gets none if `address` is false. */
  readonly network: string;
  /** Whether the machine gets its address and a default route now, instead of from a manager or by DHCP. */
  readonly address: boolean;
}

/** Connects a machine to a router of its own. Run what the router runs with `ip netns exec NAMESPACE …`. */
export async function connectLan(machine: Machine, lan: Lan): Promise<void> {
  const { device, namespace, network, address } = lan;
  await machine.sh(`
    ip netns add ${namespace}
    ip link add ${device} type veth peer name eth0 netns ${namespace}
    ip -n ${namespace} address add ${network}.1/24 dev eth0
    ip -n ${namespace} link set eth0 up
    ip -n ${namespace} link set lo up`);
  if (!address) return;
  await machine.sh(`
    ip address add ${network}.2/24 dev ${device}
    ip link set ${device} up
    ip route replace default via ${network}.1`);
}
