import { addressOctets, canonicalAddress } from '../ip/address.ts';
import { ipClass } from '../ip/address-class.ts';
import type { ConfigProblem } from './config-error.ts';
import { type ListenAddress, listenAddressToText } from './listen-address.ts';
import { type SettingKey, type Settings, settingToText, settings as table } from './settings.ts';

/** Settings, and where each comes from: see `LoadedSettings`. */
interface Values {
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingKey, string>>;
}

/** The same, with those settings whose value is not valid: another stands in its place, which contradicts nothing. */
interface ReadValues extends Values {
  readonly refusedKeys: ReadonlySet<SettingKey>;
}

/** The settings that are addresses with a port of their own each, over TCP and what is on top of it. */
const listening = ['listen', 'tlsListen', 'https', 'httpsPlain', 'httpTls'] as const;

/** Settings that contradict each other, or themselves. */
export function contradictions(values: ReadValues): readonly ConfigProblem[] {
  return [
    ...packetTtls(values),
    ...repetitions(values),
    ...missingCertificates(values),
    ...plainEverywhere(values),
  ];
}

/** What is valid and seldom meant: answers that anybody on the way can read and change. */
export function plainWarnings({ settings: { httpsPlain }, origins }: Values): readonly ConfigProblem[] {
  return httpsPlain
    .filter(({ host }) => {
      const octets = addressOctets(host);
      return octets === undefined || ipClass(octets) !== 'loopback';
    })
    .map((address) => ({
      where: origins.httpsPlain,
      message:
        `${listenAddressToText(address)} answers DNS over HTTPS without TLS beyond this machine: whoever is between it ` +
        'and the proxy can read and change the answers.',
    }));
}

function packetTtls({ settings: values, origins, refusedKeys }: ReadValues): readonly ConfigProblem[] {
  if (refusedKeys.has('minimumPacketTtl') || refusedKeys.has('maximumPacketTtl')) return [];
  const { minimumPacketTtl, maximumPacketTtl } = values;
  if (minimumPacketTtl <= maximumPacketTtl) return [];
  const least = settingToText('minimumPacketTtl', minimumPacketTtl);
  const most = settingToText('maximumPacketTtl', maximumPacketTtl);
  const isDefault = origins.maximumPacketTtl === 'default';
  return [
    {
      where: isDefault ? origins.minimumPacketTtl : origins.maximumPacketTtl,
      message: `minimum-packet-ttl (${least}) is greater than maximum-packet-ttl (${most}).`,
    },
  ];
}

/** Addresses that are listed before, in whatever spelling. Port 0 is another port each time. */
function repetitions({ settings: values, origins, refusedKeys }: ReadValues): readonly ConfigProblem[] {
  const seen = new Map<string, string>();
  return listening.flatMap((key) => {
    if (refusedKeys.has(key)) return [];
    const value = values[key];
    const { name } = table[key];
    return (value === 'default' ? [] : value).flatMap((address) => {
      if (address.port === 0) return [];
      const identity = identityOf(address);
      const first = seen.get(identity);
      seen.set(identity, first ?? name);
      if (first === undefined) return [];
      const text = listenAddressToText(address);
      const message =
        first === name
          ? `${text} is listed twice for ${name}.`
          : `${text} is listed for ${first} and for ${name}; each needs a port of its own.`;
      return [{ where: origins[key], message }];
    });
  });
}

function identityOf({ host, port }: ListenAddress): string {
  return `${canonicalAddress(host) ?? host} ${port}`;
}

/** TLS without a certificate, and half of a pair. */
function missingCertificates({
  settings: values,
  origins,
  refusedKeys,
}: ReadValues): readonly ConfigProblem[] {
  if (refusedKeys.has('certificate') || refusedKeys.has('certificateKey')) return [];
  const { certificate, certificateKey } = values;
  if (certificate !== 'none' && certificateKey !== 'none') return [];
  if (certificate !== 'none' || certificateKey !== 'none') {
    const [given, absent] =
      certificate === 'none'
        ? (['certificateKey', 'certificate'] as const)
        : (['certificate', 'certificateKey'] as const);
    const message = `${table[given].name} is set without ${table[absent].name}; set both, or none.`;
    return [{ where: origins[given], message }];
  }
  return (['tlsListen', 'https', 'httpTls'] as const)
    .filter((key) => values[key].length > 0)
    .map((key) => ({
      where: origins[key],
      message:
        `${table[key].name} needs a certificate: set certificate and certificate-key. ` +
        'If you have none, make one: pkarrd certificate --out DIR',
    }));
}

/** Without TLS nobody is to be reached by accident. */
function plainEverywhere({ settings: { httpsPlain }, origins }: Values): readonly ConfigProblem[] {
  return httpsPlain
    .filter(({ host }) => addressOctets(host)?.every((octet) => octet === 0) === true)
    .map((address) => ({
      where: origins.httpsPlain,
      message:
        `${listenAddressToText(address)} means every address of this machine, which https-plain does not accept; ` +
        'name the address that the proxy connects to, such as 127.0.0.1:8080.',
    }));
}
