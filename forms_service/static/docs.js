// Starts Swagger UI; in a file of its own because the page's policy allows no inline script.
SwaggerUIBundle({
  url: document.getElementById("docs").dataset.url,
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
});
