import { runProgram } from '../commands/run-program.ts';
import { type LinkState, linkState } from './link-state.ts';

/** Milliseconds that NetworkManager has to answer. */
const TIMEOUT = 1_000;

/** The question, for busctl(1), which prints the property as JSON. */
export const busctlWords: readonly string[] = [
  ...['--system', '--json=short', '--timeout=1', '--auto-start=false', 'get-property'],
  ...['org.freedesktop.NetworkManager', '/org/freedesktop/NetworkManager/DnsManager'],
  ...['org.freedesktop.NetworkManager.DnsManager', 'Configuration'],
];

/**
 * The links of VPNs that NetworkManager knows, with their resolvers and domains. Only they, not other links: the domains of
 * a local network come from whoever runs it. Undefined when NetworkManager cannot be asked: it does not run, or does not
 * answer within a second. Never rejects.
 */
export async function networkManagerLinks(): Promise<readonly LinkState[] | undefined> {
  const { code, out } = await runProgram({ program: 'busctl', args: busctlWords, timeout: TIMEOUT });
  return code === 0 ? parseConfiguration(out) : undefined;
}

/**
 * The VPN links in the property `Configuration` of org.freedesktop.NetworkManager.DnsManager, as busctl(1) prints it.
 * Undefined for text of another form.
 */
export function parseConfiguration(text: string): readonly LinkState[] | undefined {
  const { data } = objectOf(parseJson(text));
  if (!Array.isArray(data)) return undefined;
  return data.slice(0, 64).flatMap((raw: unknown) => {
    const entry = objectOf(raw);
    const value = (key: string): unknown => {
      const { data } = objectOf(entry[key]);
      return data;
    };
    const link = value('interface');
    if (value('vpn') !== true || typeof link !== 'string' || link === '') return [];
    return (
      linkState(link, { servers: strings(value('nameservers')), domains: strings(value('domains')) }) ?? []
    );
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}
