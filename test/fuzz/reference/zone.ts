/*
 * A second look-up in a zone, as plain as possible: names are texts of labels from the right, records a list.
 */

/** A record; its owner and its target are labels in lower case. */
export interface ZoneRecord {
  readonly owner: readonly string[];
  readonly type: number;
  readonly ttl: number;
  /** Where an alias leads, or the server that an NS record names. */
  readonly target: readonly string[] | undefined;
  readonly data: string;
}

/** What is at a name: the kind of the answer, the data of its records, the smallest TTL of them. */
export interface ZoneFinding {
  readonly kind: string;
  readonly data: readonly string[];
  readonly ttl: number | undefined;
  /** The name that the look-up ended with. */
  readonly name: readonly string[];
}

const [NS, CNAME, SOA, DNAME, DS, ANY] = [2, 5, 6, 39, 43, 255] as const;
const MAX_ALIASES = 16;

/** The answer of a zone for a name of labels in lower case (RFC 1034 §4.3.2, RFC 4592, RFC 6672). */
export function findInZone(
  records: readonly ZoneRecord[],
  apex: string,
  asked: readonly string[],
  type: number,
): ZoneFinding {
  const at = (name: readonly string[], wanted?: number) =>
    records.filter((one) => text(one.owner) === text(name) && (wanted === undefined || one.type === wanted));
  const exists = (name: readonly string[]) =>
    name.length === 1 || records.some(({ owner }) => endsWith(owner, name));
  const seen: string[] = [];
  let name = asked;
  const answer = (kind: string, found: readonly ZoneRecord[] = []): ZoneFinding => ({
    kind,
    data: [...new Set(found.map(({ data }) => data))],
    ttl: found.length === 0 ? undefined : Math.min(...found.map(({ ttl }) => ttl)),
    name,
  });
  for (let steps = 0; ; steps++) {
    seen.push(text(name));
    let owner = name;
    let target: readonly string[] | undefined;
    // From the top down: a delegation or a DNAME hides what is below it.
    for (let count = 1; count <= name.length; count++) {
      const here = name.slice(name.length - count);
      if (!exists(here)) {
        owner = ['*', ...here.slice(1)];
        if (!exists(owner) || length(owner) > 255) return answer('name-error');
        break;
      }
      const isLast = count === name.length;
      const servers = count > 1 ? at(here, NS) : [];
      const isCut = servers.some(({ target = [] }) => target.every(isOfHost));
      if (isCut && !(isLast && type === DS)) return answer('referral', servers);
      const [dname] = isLast ? [] : at(here, DNAME);
      if (dname !== undefined) {
        target = [...name.slice(0, name.length - count), ...(dname.target ?? [])];
        break;
      }
    }
    if (target === undefined) {
      const [cname] = at(owner, CNAME);
      if (cname === undefined || type === CNAME || type === ANY) return atNode(owner);
      target = cname.target ?? [];
    }
    if (steps >= MAX_ALIASES) return answer('loop');
    if (length(target) > 255) return answer('name-too-long');
    if (target.at(-1) !== apex) return answer('alias');
    if (seen.includes(text(target))) return answer('loop');
    name = target;
  }

  function atNode(owner: readonly string[]): ZoneFinding {
    const wanted = type === ANY ? at(owner)[0]?.type : type;
    const found = wanted === undefined ? [] : at(owner, wanted);
    const isSingle = wanted === CNAME || wanted === DNAME || wanted === SOA;
    if (found.length > 0) return answer('answer', isSingle ? found.slice(0, 1) : found);
    return name.length === 1 && (type === SOA || type === ANY) ? answer('answer') : answer('no-data');
  }
}

function text(name: readonly string[]): string {
  return JSON.stringify(name);
}

function endsWith(name: readonly string[], end: readonly string[]): boolean {
  return name.length >= end.length && text(name.slice(name.length - end.length)) === text(end);
}

function length(name: readonly string[]): number {
  return name.reduce((sum, label) => sum + label.length + 1, 1);
}

/** Whether a host may have this label: no ASCII character but letters, digits, hyphens and underscores. */
function isOfHost(label: string): boolean {
  return ![...label].some((char) => char < '\x80' && !/[a-z\d_-]/.test(char));
}
