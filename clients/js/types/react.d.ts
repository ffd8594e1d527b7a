import type { Errors, Outcome } from "./index.js";

/** As much of React's event as the hook needs. */
interface SubmitEventLike {
  preventDefault(): void;
  currentTarget: HTMLFormElement;
  nativeEvent?: unknown;
}

export interface UseFormOptions {
  onSuccess?: (outcome: Outcome, form: HTMLFormElement) => void;
  onError?: (outcome: Outcome, form: HTMLFormElement) => void;
}

export interface UseForm {
  /** Spread over <form>. */
  form: { action: string; method: "post"; onSubmit: (event: SubmitEventLike) => Promise<Outcome | null> };
  /** Spread over a control; its message belongs into an element with the id `${name}-error`. */
  field(name: string): { name: string; "aria-invalid": true | undefined; "aria-describedby": string | undefined };
  state: "idle" | "sending" | "waiting" | "success" | "error";
  message: string;
  errors: Errors;
  codes: Record<string, string[]>;
  data: Outcome["data"] | null;
  next: string | null | undefined;
  reset(): void;
}

export function useForm(action: string, options?: UseFormOptions): UseForm;
