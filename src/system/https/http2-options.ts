import * as bounds from './bounds.ts';

/** The bounds of a connection of HTTP/2, as options of `node:http2`; its types do not know all of them. */
export const http2Options = (maxConcurrentStreams: number) => ({
  settings: {
    maxConcurrentStreams,
    maxHeaderListSize: bounds.MAX_HEADERS,
    enablePush: false,
  },
  maxHeaderListPairs: bounds.MAX_HEADER_PAIRS,
  maxSessionMemory: bounds.MAX_SESSION_MEMORY,
  maxSessionInvalidFrames: bounds.MAX_INVALID_FRAMES,
  maxSessionRejectedStreams: bounds.MAX_REJECTED_STREAMS,
  maxSettings: bounds.MAX_SETTINGS,
  streamResetBurst: bounds.RESET_BURST,
  streamResetRate: bounds.RESET_RATE,
  unknownProtocolTimeout: bounds.LOOK_EVERY,
});
