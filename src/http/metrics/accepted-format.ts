import type { ExpositionFormat } from '../../observe/metrics/exposition.ts';

const types: Readonly<Record<ExpositionFormat, string>> = {
  prometheus: 'text/plain',
  openmetrics: 'application/openmetrics-text',
};

/**
 * Which format an `Accept` wants: OpenMetrics where it is named and no less welcome than the other, which is what anybody else gets,
 * a browser too.
 */
export function acceptedFormat(accept: string | undefined): ExpositionFormat {
  const open = qualityOf(accept ?? '', types.openmetrics);
  return open > 0 && open >= qualityOf(accept ?? '', types.prometheus) ? 'openmetrics' : 'prometheus';
}

/** The largest weight (RFC 9110 §12.4.2) of the entries with this type; 0 without one. */
function qualityOf(accept: string, type: string): number {
  const weights = accept.split(',').flatMap((entry) => {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    if (name !== type) return [];
    const weight = parameters.find((parameter) => parameter.startsWith('q='));
    // RFC 9110 §12.4.2: "If no "q" parameter is present, the default weight is 1."
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0;
  });
  return Math.max(0, ...weights);
}
