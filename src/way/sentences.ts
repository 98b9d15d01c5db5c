import { duration, exactDuration } from '../observe/duration.ts';
import type { AskReason, CacheFact, Fact, LookupTally, PacketFact, UpstreamFact } from './fact.ts';

/**
 * A fact in whole sentences.
 * @param nowWall milliseconds since 1970, for ages.
 */
export function sentenceOf(fact: Fact, nowWall: number): string {
  switch (fact.of) {
    case 'question':
      return questionSentence(fact);
    case 'refused':
      return fact.text;
    case 'cache':
      return cacheSentence(fact, nowWall);
    case 'joined':
      return 'The same question was being answered for somebody else already, and that answer is this one.';
    case 'hosts':
      return 'The hosts file has this name, and its lines count before everything else.';
    case 'special':
      return `Names at and below ${bareName(fact.zone)} are answered here and sent to nobody.${after(fact.text)}`;
    case 'suffix':
      return `Behind a key the domain ${bareName(fact.suffix)} means the key itself: ${bareName(fact.name)} is looked up.`;
    case 'petname':
      return `${bareName(fact.petname)} is a petname, which somebody here gave to the key ${shortKey(fact.key)}.`;
    case 'bad-key':
      return `The last label looks like a public key and is none: ${fact.text}. It was sent to nobody.`;
    case 'stray-key':
      return fact.text;
    case 'probe':
      return 'This is the name by which programs find out whether their questions come to pkarrd.';
    case 'any':
      return 'A question for ANY gets a record that says that it is not answered (RFC 8482).';
    case 'packet':
      return packetSentence(fact, nowWall);
    case 'zone':
      return zoneSentence(fact);
    case 'name-server':
      return `The name server ${fact.address} of ${bareName(fact.zone)} ${fact.text} after ${milliseconds(fact.durationMs)}.`;
    case 'upstreams':
      return upstreamsSentence(fact);
    case 'upstream':
      return upstreamSentence(fact);
    case 'alias':
      return `In that answer ${bareName(fact.from)} is an alias of ${bareName(fact.target)}, which is looked up here.`;
    case 'filtered':
      return fact.text;
    case 'portal':
      return 'No chosen upstream has answered on this network, and its own resolvers do: a captive portal is likely.';
    case 'failure':
      return `There is no answer. ${fact.text}`;
  }
}

function questionSentence({ name, type, why }: Extract<Fact, { of: 'question' }>): string {
  switch (why) {
    case 'asked':
      return `The question is for the ${type} records of ${bareName(name)}.`;
    case 'alias':
      return `The alias leads to ${bareName(name)}, whose ${type} records are looked up.`;
    case 'name-server':
      return `The ${type} records of the name server ${bareName(name)} are looked up.`;
  }
}

function cacheSentence({ state, ageSeconds, leftSeconds }: CacheFact, nowWall: number): string {
  const age = ageSeconds === undefined ? '' : ` for ${exactDuration(ageSeconds)}`;
  const left = leftSeconds === undefined ? '' : ` for ${leftText(leftSeconds)}`;
  switch (state) {
    case 'fresh': {
      const since = ageSeconds === undefined ? '' : `, since ${dateText(nowWall - ageSeconds * 1000)}`;
      return `The cache of answers has had it${age}${since}, and may give it out${left}.`;
    }
    case 'expired':
      return `The cache of answers has had it${age}. Its time to live is over, so a new one is looked for.`;
    case 'stale':
      return `The cache of answers has had it${age}. Its time to live is over, and it is given out because nothing better came in time (RFC 8767).`;
    case 'failure':
      return `The same question failed${age === '' ? '' : ` ${exactDuration(ageSeconds ?? 0)} ago`}, and is not asked again${left}.`;
    case 'nothing':
      return 'The cache of answers has nothing for it.';
  }
}

function packetSentence(fact: PacketFact, nowWall: number): string {
  const whose = `the key ${shortKey(fact.key)}`;
  const heard = fact.heard === undefined ? '' : ` ${tallySentence(fact.heard)}`;
  switch (fact.outcome) {
    case 'found': {
      const age = ageText(fact.timestamp, nowWall);
      const next =
        fact.isStale === true
          ? ' Its time to live is over and nobody confirmed it, so it is served as stale.'
          : fact.leftSeconds === undefined
            ? ' Its time to live is over, and the network is asked again when the answer has to be made anew.'
            : ` The network is asked again in ${exactDuration(fact.leftSeconds)}.`;
      return `The signed packet of ${whose} came ${originClause(fact)}. It was signed ${age} (${fact.date}).${heard}${next}`;
    }
    case 'absent': {
      const again =
        fact.leftSeconds === undefined ? '' : ` It is asked again in ${exactDuration(fact.leftSeconds)}.`;
      const when = fact.place === 'known-absent' ? ', as it was asked shortly before' : '';
      return `The network has no signed packet of ${whose}${when}.${heard}${again}`;
    }
    case 'unusable':
      return `What is published under ${whose} is not a valid signed packet.${heard}`;
    case 'unreachable':
      return `A signed packet of ${whose} could not be fetched: ${fact.text}.${heard}`;
    case 'busy':
      return `The signed packet of ${whose} was not looked up: too many keys were looked up in a short time.`;
  }
}

/** Where a packet came from, and what was known before. */
function originClause({ place, from, isStale }: PacketFact): string {
  if (isStale === true) return 'from memory';
  if (from === 'dht')
    return place === 'memory-expired'
      ? 'from the DHT, since the time to live of the one in memory was over'
      : 'from the DHT, since none was known here';
  if (from === 'relay')
    return place === 'memory-expired'
      ? 'from a relay, since the time to live of the one in memory was over'
      : 'from a relay, since none was known here';
  if (from === 'store' || place === 'store')
    return 'from the store on disk, where an earlier lookup had put it';
  return 'from memory';
}

function tallySentence(tally: LookupTally): string {
  const { nodesAnswered: nodes, relaysAnswered: relays, failed, held, heldOlder, heldNothing, first } = tally;
  const answered = nodes + relays;
  const who = [
    ...(nodes > 0 ? [count(nodes, 'node', 'nodes')] : []),
    ...(relays > 0 ? [count(relays, 'relay', 'relays')] : []),
  ].join(' and ');
  if (answered === 0) return `Nobody had answered by then; ${failed} had been asked in vain.`;
  const each = answered === 1 ? ', with' : ', all with';
  const all =
    held === answered ? `${each} this packet` : heldNothing === answered ? `${each} none` : undefined;
  const parts = [
    ...(held > 0 ? [`${held} had this packet`] : []),
    ...(heldOlder > 0 ? [`${heldOlder} had an older one`] : []),
    ...(heldNothing > 0 ? [`${heldNothing} had none`] : []),
  ];
  const silent = failed > 0 ? `, and ${failed} did not answer` : '';
  const firstText = first === undefined ? '' : ` The first to return it was ${first}.`;
  const what = all ?? (parts.length === 0 ? '' : `: ${parts.join(', ')}`);
  return `By then ${who} had answered${what}${silent}.${firstText}`;
}

function zoneSentence({ outcome, target, aliases }: Extract<Fact, { of: 'zone' }>): string {
  const via = aliases > 0 ? `, over ${count(aliases, 'alias', 'aliases')} inside it` : '';
  switch (outcome) {
    case 'answer':
      return `The packet has the records${via}.`;
    case 'no-data':
      return `The packet has the name${via}, and no records of this type.`;
    case 'name-error':
      return `The packet does not have the name${via}.`;
    case 'name-too-long':
      return `An alias in the packet makes a name that is too long${via}.`;
    case 'alias':
      return `An alias in the packet leads out of it, to ${bareName(target)}.`;
    case 'loop':
      return 'The aliases in the packet lead in a circle, or over too many names.';
    case 'referral':
      return `The packet delegates ${bareName(target)} to other name servers${via}.`;
  }
}

function upstreamsSentence({ labels, route, link, isEarlier }: Extract<Fact, { of: 'upstreams' }>): string {
  const who =
    isEarlier === true
      ? `the answer came from ${labels.length > 1 ? 'one of the upstreams' : 'the upstream'} ${list(labels)}`
      : labels.length === 0
        ? 'there is no upstream'
        : labels.length === 1
          ? `the upstream is ${labels[0]}`
          : `the upstreams are ${list(labels)}`;
  if (route === undefined) return `It is an ordinary name without a route: ${who}.`;
  const of = link === undefined ? 'The configuration has a route' : `The link ${link} has a route`;
  return `${of} for ${bareName(route)}: ${who}.`;
}

const reasons: Readonly<Record<AskReason, string>> = {
  'not-measured': 'because it had not been asked before',
  returned: 'because it is back after it was dead',
  'measured-long-ago': 'because it was measured over a minute ago',
  best: 'as the best of those that are not dead',
  late: 'though it is late with other answers, since nothing better was left',
  dead: 'though it has not been answering, since nothing better was left',
  again: 'once more, because a datagram may have been lost',
};

function upstreamSentence({ label, why, durationMs: ms, outcome, rcode, text }: UpstreamFact): string {
  const asked = `${label} was asked ${reasons[why]}`;
  switch (outcome) {
    case 'answered':
      return `${asked}, and answered ${rcode} after ${milliseconds(ms)}.`;
    case 'failed':
      return `${asked}, and ${text}, after ${milliseconds(ms)}.`;
    case 'silent':
      return `${asked}, and had not answered after ${milliseconds(ms)}.`;
  }
}

/** How much longer: `another 4 min 59 s`. Zero seconds are the rest of one. */
function leftText(seconds: number): string {
  return seconds < 1 ? 'less than a second more' : `another ${exactDuration(seconds)}`;
}

/** A point in time, to the second: `2026-01-02T03:04:05Z`. */
function dateText(wall: number): string {
  return new Date(wall).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** How long ago a timestamp was: `3 min ago`. */
function ageText(timestamp: string | undefined, nowWall: number): string {
  if (timestamp === undefined) return 'at an unknown time';
  const seconds = nowWall / 1000 - Number(BigInt(timestamp) / 1000n) / 1000;
  return seconds < 0 ? `${duration(-seconds)} ahead of this clock` : `${duration(seconds)} ago`;
}

/** A name in a sentence, in which a final dot would look like its end. */
function bareName(name: string | undefined): string {
  return (name ?? '').replace(/(?<=.)\.$/, '');
}

/** The beginning and end of a key, which is long. */
function shortKey(key: string): string {
  return `${key.slice(0, 8)}…${key.slice(-4)}`;
}

function milliseconds(ms: number): string {
  return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

function after(text: string | undefined): string {
  return text === undefined ? '' : ` ${text}`;
}
