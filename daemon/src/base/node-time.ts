/** Seconds as Node wants them. A time before 1970 must come as a date (whole milliseconds): a negative number is "now" to it. */
export function nodeTime(milliseconds: number): number | Date {
  return milliseconds < 0 ? new Date(milliseconds) : milliseconds / 1000
}
