/** Sentences for visitors, which a site may replace; the service's answers come in its own words. */
export const words = {
  sending: "Sending…",
  offline: "Not sent yet: there is no connection. Trying again in {seconds} s.",
  busy: "Not sent yet: the service is busy. Trying again in {seconds} s.",
  failed: "This could not be sent. Your answers are still here: try again.",
  refused: "This could not be sent. Tell the owner of this page.",
  sent: "Thank you. Your submission has been received.",
  insecure: "This form can be sent from pages with https only.",
};

const english = { ...words };

/** Take the sentences of another language, but for those that the site has replaced. */
export function translate(others = {}) {
  for (const name in others) if (words[name] === english[name]) words[name] = others[name];
}
