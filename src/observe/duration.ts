/** A number of seconds as text, rounded to what is shown: `5 s`, `3 min`, `2 h 5 min`, `4 d 2 h`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(whole / 3600);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** The same with the seconds of what is less than an hour, which a TTL counts: `4 min 59 s`. */
export function exactDuration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60 || whole >= 3600) return duration(whole);
  return `${Math.floor(whole / 60)} min${whole % 60 === 0 ? '' : ` ${whole % 60} s`}`;
}
