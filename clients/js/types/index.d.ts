/** Messages by field name. */
export type Errors = Record<string, string>;

/** How a submission ended. */
export interface Outcome {
  ok: boolean;
  /** HTTP status; 0 if there was no answer. */
  status: number;
  message: string;
  errors: Errors;
  codes: Record<string, string[]>;
  /** True if all attempts failed: try again with the same key. */
  retry: boolean;
  data?: { id: string; reference: string; status?: "unconfirmed" };
  /** Where to send the visitor next. */
  next?: string;
}

/** Why an attempt has to be repeated, and in how many seconds. */
export interface Wait extends Partial<Outcome> {
  message: string;
  seconds: number;
}

export interface SendOptions {
  /** Attempts with the same key and content are stored once. */
  key?: string;
  /** Ends the attempts. */
  signal?: AbortSignal;
  onAttempt?: (attempt: number) => void;
  onWait?: (wait: Wait) => void;
}

export interface ClientOptions {
  fetch?: typeof fetch;
  pause?: (milliseconds: number, signal: AbortSignal | undefined, wakeable: boolean) => Promise<void>;
}

export interface Start {
  /** Signed time: when the visitor saw the form. */
  started?: string;
  challenge?: object | null;
}

export class FormClient {
  constructor(action: string | URL, options?: ClientOptions);
  readonly action: string;
  /** Fetch the signed time and the challenge; call it when the visitor sees the form. */
  start(): Promise<Start>;
  /** Solve the challenge ahead; call it when the visitor begins to type. */
  solve(): Promise<string | null | undefined>;
  /** Send until it is stored or refused; null once the signal aborts. */
  send(body: FormData, options?: SendOptions): Promise<Outcome | null>;
}

export type Value = string | Blob | null | undefined | readonly (string | Blob)[];

/** Send an object or FormData. */
export function submit(
  action: string | URL,
  values: FormData | Record<string, Value>,
  options?: ClientOptions & SendOptions,
): Promise<Outcome | null>;

export function newKey(): string;

/** Solve an ALTCHA challenge; the value of the field `altcha`. */
export function solve(challenge: object): Promise<string>;

/** Sentences for visitors; assign to change them. */
export const words: Record<"sending" | "offline" | "busy" | "failed" | "refused" | "sent" | "insecure", string>;

/** Serve all forms of the page that have `data-forms-service`. */
export function install(): void;

/** Prepare one form, such as one in a shadow root. */
export function enhance(form: HTMLFormElement): void;
