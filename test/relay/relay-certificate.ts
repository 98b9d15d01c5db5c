/**
 * A key and a certificate that it signed for itself, for the name relay.test and for nothing else, from 2020 to 2126. Made with
 * `openssl req -x509 -newkey ec -nodes -days 36500 -subj /CN=relay.test -addext subjectAltName=DNS:relay.test`.
 */
export const relayCertificate = {
  key: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgf+er9uXsuDyKJd24
Uq0UT7iYWFlS6FoiFfMsGbutGhShRANCAASB2mVk+fovhi7JZQIw4VlCI5Jqfr80
vzzzUPNH3Hbm538d3cQX+9De8ZnnVJW3GrW056orjxszfdpM0FNSTb8y
-----END PRIVATE KEY-----
`,
  cert: `-----BEGIN CERTIFICATE-----
MIIBmDCCAT6gAwIBAgIUFYBBoAEvDuS1FWflYIbotOPvIzEwCgYIKoZIzj0EAwIw
FTETMBEGA1UEAwwKcmVsYXkudGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTI2MTAz
MDA0Mzc0OVowFTETMBEGA1UEAwwKcmVsYXkudGVzdDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABIHaZWT5+i+GLsllAjDhWUIjkmp+vzS/PPNQ80fcdubnfx3dxBf7
0N7xmedUlbcatbTnqiuPGzN92kzQU1JNvzKjajBoMB0GA1UdDgQWBBRsQZ/IZ4AJ
gvZZsfXCcMIO/69+wDAfBgNVHSMEGDAWgBRsQZ/IZ4AJgvZZsfXCcMIO/69+wDAP
BgNVHRMBAf8EBTADAQH/MBUGA1UdEQQOMAyCCnJlbGF5LnRlc3QwCgYIKoZIzj0E
AwIDSAAwRQIgJk7rdC6f/1X/hXToxcr0yZXg68lDCrhfp7jkblwMH0oCIQDFvAWy
o0IUMGs40F/BtVJkqRU+D9bLhzltJEt6ssHmWw==
-----END CERTIFICATE-----
`,
} as const;
