import type { NoPlan } from './plan.ts';

/** dnsmasq on a router answers other machines, and its settings belong to the web page of the router: they are printed. */
export const openWrt: NoPlan = {
  row: 'openwrt',
  reason: "OpenWrt's dnsmasq answers the network, and its settings are yours",
  byHand: [
    '# Names of the form NAME.KEY.key, for the whole network:',
    "uci add_list dhcp.@dnsmasq[0].server='/key/127.0.0.1#5300'",
    "uci add_list dhcp.@dnsmasq[0].rebind_domain='/key/'",
    'uci commit dhcp && service dnsmasq restart',
    '# For bare keys too, every name has to go to pkarrd, those without a dot included:',
    "uci set dhcp.@dnsmasq[0].noresolv='1'",
    "uci add_list dhcp.@dnsmasq[0].server='127.0.0.1#5300'",
    "uci set dhcp.@dnsmasq[0].domainneeded='0'",
    'uci commit dhcp && service dnsmasq restart',
  ],
};
