/** The time, for "3 min ago": every few seconds is often enough. */
import { useEffect, useState } from 'react'

const EVERY_MS = 5000

export function useNow(everyMs = EVERY_MS): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])
  return now
}
