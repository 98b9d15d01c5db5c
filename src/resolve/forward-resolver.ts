import { ForwardError, type ForwardErrorKind } from '../forward/forward-error.ts';
import type { Forwarder } from '../forward/forwarder.ts';
import type { Resolver } from './query.ts';
import { ResolveError, type ResolveErrorKind } from './resolve-error.ts';
