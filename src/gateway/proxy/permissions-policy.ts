/**
 * Every feature that a policy can turn off: Permissions Policy, and what Chromium 156 lists in `featurePolicy.features()`. A
 * browser ignores those that it does not know.
 */
const features: readonly string[] = [
  ...['accelerometer', 'ambient-light-sensor', 'aria-notify', 'attribution-reporting', 'autoplay'],
  ...[
    'bluetooth',
    'browsing-topics',
    'camera',
    'captured-surface-control',
    'clipboard-read',
    'clipboard-write',
  ],
  ...['compute-pressure', 'cross-origin-isolated', 'deferred-fetch', 'deferred-fetch-minimal'],
  ...['digital-credentials-create', 'digital-credentials-get', 'display-capture', 'encrypted-media'],
  ...[
    'fullscreen',
    'gamepad',
    'geolocation',
    'gyroscope',
    'hid',
    'identity-credentials-get',
    'idle-detection',
  ],
  ...['interest-cohort', 'join-ad-interest-group', 'keyboard-map', 'language-detector', 'language-model'],
  ...['local-fonts', 'local-network', 'local-network-access', 'loopback-network', 'magnetometer'],
  ...['media-playback-while-not-visible', 'microphone', 'midi', 'on-device-speech-recognition'],
  ...['otp-credentials', 'payment', 'picture-in-picture', 'private-state-token-issuance'],
  ...['private-state-token-redemption', 'publickey-credentials-create', 'publickey-credentials-get'],
  ...['run-ad-auction', 'screen-wake-lock', 'serial', 'shared-storage', 'shared-storage-select-url'],
  ...['speaker-selection', 'storage-access', 'summarizer', 'sync-xhr', 'translator', 'unload', 'usb'],
  ...['web-share', 'window-management', 'xr-spatial-tracking'],
  // Client hints: what a site may ask the browser about itself.
  ...['ch-device-memory', 'ch-downlink', 'ch-dpr', 'ch-ect', 'ch-prefers-color-scheme'],
  ...['ch-prefers-reduced-motion', 'ch-prefers-reduced-transparency', 'ch-rtt', 'ch-save-data', 'ch-ua'],
  ...['ch-ua-arch', 'ch-ua-bitness', 'ch-ua-form-factors', 'ch-ua-full-version', 'ch-ua-full-version-list'],
  ...['ch-ua-high-entropy-values', 'ch-ua-mobile', 'ch-ua-model', 'ch-ua-platform', 'ch-ua-platform-version'],
  ...['ch-ua-wow64', 'ch-viewport-height', 'ch-viewport-width', 'ch-width'],
];

/** The value of a `Permissions-Policy` field with everything off: RFC 8941 dictionary, each with an empty list of origins. */
export const permissionsOff: string = features.map((feature) => `${feature}=()`).join(', ');
