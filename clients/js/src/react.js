import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { FormClient, newKey } from "./client.js";
import { entriesOf } from "./pending.js";
import { words } from "./words.js";

const IDLE = { state: "idle", message: "", errors: {}, codes: {}, data: null, next: null };

/** Submit a form of the service from React: spread `form` over <form>, and `field(name)` over its controls. */
export function useForm(action, { onSuccess, onError } = {}) {
  const client = useMemo(() => new FormClient(action), [action]);
  const [result, setResult] = useState(IDLE);
  const last = useRef({});
  const callbacks = useRef({});
  callbacks.current = { onSuccess, onError };

  useEffect(() => {
    client.start();
    return () => last.current.abort?.abort();
  }, [client]);

  const onSubmit = useCallback(
    async (event) => {
      event.preventDefault();
      const form = event.currentTarget;
      const attempt = last.current;
      if (attempt.sending) return null;
      const body = new FormData(form, event.nativeEvent?.submitter);
      const content = JSON.stringify(entriesOf(body));
      if (content !== attempt.content) Object.assign(attempt, { content, key: newKey() });
      attempt.abort?.abort();
      attempt.abort = new AbortController();
      attempt.sending = true;
      setResult({ ...IDLE, state: "sending", message: words.sending });
      const outcome = await client.send(body, {
        key: attempt.key,
        signal: attempt.abort.signal,
        onWait: (wait) => {
          attempt.sending = false; // pressed again, it tries at once
          setResult({ ...IDLE, state: "waiting", message: wait.message.replace("{seconds}", wait.seconds) });
        },
        onAttempt: () => {
          attempt.sending = true;
          setResult({ ...IDLE, state: "sending", message: words.sending });
        },
      });
      if (!outcome) return null;
      attempt.sending = false;
      if (!outcome.retry) attempt.content = null;
      const message = outcome.retry ? words.failed : outcome.message;
      setResult({ ...IDLE, ...outcome, message, state: outcome.ok ? "success" : "error" });
      callbacks.current[outcome.ok ? "onSuccess" : "onError"]?.(outcome, form);
      return outcome;
    },
    [client],
  );

  const field = (name) => ({
    name,
    "aria-invalid": name in result.errors || undefined,
    "aria-describedby": name in result.errors ? `${name}-error` : undefined,
  });
  const { state, message, errors, codes, data, next } = result;
  const reset = useCallback(() => setResult(IDLE), []);
  return { form: { action, method: "post", onSubmit }, field, state, message, errors, codes, data, next, reset };
}
