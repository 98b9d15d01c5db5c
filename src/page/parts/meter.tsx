/** A bar that shows a share of 0 to 1. What it shows stands beside it as a number. */
export function Meter({ share }: { readonly share: number }) {
  const width = `${Math.round(1000 * Math.min(1, share)) / 10}%`;
  return (
    <svg class="meter" aria-hidden="true" width="100%" height="6">
      <rect class="rest" width="100%" height="6" rx="3" />
      {share > 0 ? <rect class={share > 1 ? 'over' : 'used'} width={width} height="6" rx="3" /> : null}
    </svg>
  );
}
