import { useForm, ValidationError } from "@formspree/react";
import { createRoot } from "react-dom/client";

function Contact() {
  const { service, form } = document.getElementById("root").dataset;
  const [state, submit] = useForm(form, { endpoint: service });
  if (state.succeeded) return <p id="done">Thanks for writing!</p>;
  return (
    <form onSubmit={submit}>
      <input name="email" />
      <div id="wrong">
        <ValidationError field="email" prefix="Email" errors={state.errors} />
      </div>
      <textarea name="message" />
      <button disabled={state.submitting}>Send</button>
    </form>
  );
}

createRoot(document.getElementById("root")).render(<Contact />);
