import { DAEMON_JSON, type DockerFacts } from '../facts/docker.ts';
import type { FileStep } from './plan.ts';

/** What is planned for containers. */
export interface ContainerPlan {
  readonly steps: readonly FileStep[];
  /** Sentences. */
  readonly warnings: readonly string[];
}

/**
 * Docker gives a container the resolvers of /etc/resolv.conf without loopback ones, and public ones when none is left (docker docs,
 * "DNS services"): these then hear keys. With `dns` in daemon.json containers ask pkarrd on the bridge. Pure.
 * @param isWanted otherwise it is only offered.
 */
export function planContainers(docker: DockerFacts | undefined, isWanted: boolean): ContainerPlan {
  if (docker === undefined) return { steps: [], warnings: [] };
  const { bridge, answering, configuration } = docker;
  if (bridge === undefined)
    return only('Docker has no bridge docker0 now, so nothing is set for its containers.');
  const listen = `pkarrd does not answer on ${bridge}, port 53. Let it listen there too: "pkarrd install --listen ${bridge}:53"`;
  if (configuration !== undefined && withDns(configuration, bridge) === configuration)
    return { steps: [], warnings: [] };
  if (!isWanted) {
    const first = answering === 'pkarrd' ? '' : ` First, ${listen}.`;
    return only(
      `Docker's containers ask public resolvers, which hear keys. "pkarrd integrate --containers" lets them ask pkarrd.${first}`,
    );
  }
  if (answering !== 'pkarrd') return only(`Nothing is set for containers: ${listen}, and run this again.`);
  const text = withDns(configuration, bridge);
  if (text === undefined)
    return only(`${DAEMON_JSON} is not a JSON object, so nothing is set for containers.`);
  return {
    steps: [{ kind: 'file', path: DAEMON_JSON, text, why: 'containers ask pkarrd, and no public resolver' }],
    warnings: [
      'Containers ask pkarrd once Docker is restarted ("systemctl restart docker") and they are started again.',
    ],
  };
}

function only(warning: string): ContainerPlan {
  return { steps: [], warnings: [warning] };
}

/** The file with `dns` set, and every other key as it was; undefined when it is no object. */
function withDns(text: string | undefined, address: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text === undefined || text.trim() === '' ? '{}' : text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const before = 'dns' in value ? value.dns : undefined;
  if (text !== undefined && JSON.stringify(before) === JSON.stringify([address])) return text;
  const indent = /^([ \t]+)"/m.exec(text ?? '')?.[1] ?? '  ';
  return `${JSON.stringify({ ...value, dns: [address] }, undefined, indent)}\n`;
}
