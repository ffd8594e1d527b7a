import { createRoot } from "react-dom/client";
import { FormClient, submit, type Outcome } from "@forms-service/client";
import { useForm } from "@forms-service/client/react";

const action = new URLSearchParams(location.search).get("form") ?? "";

function Contact() {
  const { form, field, state, message, errors, data } = useForm(action, {
    onSuccess: (outcome: Outcome) => document.body.setAttribute("data-id", outcome.data?.id ?? ""),
  });
  if (state === "success") return <p role="status">{message} {data?.reference}</p>;
  return (
    <form {...form}>
      <label>E-mail <input {...field("email")} /></label>
      <span id="email-error">{errors.email}</span>
      <button>Send</button>
      <p role="status">{message}</p>
    </form>
  );
}

/** Types of what has no component. */
export async function send(): Promise<string | undefined> {
  const outcome = await submit(action, { email: "ann@example.com", topics: ["a", "b"] }, { key: "k" });
  const again: Outcome | null = await new FormClient(action).send(new FormData());
  // @ts-expect-error a number is no value of a form
  await submit(action, { age: 5 });
  return outcome?.errors.email ?? again?.data?.reference;
}

createRoot(document.querySelector("main")!).render(<Contact />);
