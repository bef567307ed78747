/* The demo shop: its language, and the buttons that open the chat. */
(() => {
  "use strict";
  const toggle = document.getElementById("language");
  const phrases = [...document.querySelectorAll("[data-zh]")].map((node) => [node, node.textContent, node.dataset.zh]);

  function speak(language) {
    const chinese = language === "zh";
    document.documentElement.lang = chinese ? "zh-CN" : "en";
    for (const [node, en, zh] of phrases) node.textContent = chinese ? zh : en;
    toggle.textContent = chinese ? "English" : "中文";
    toggle.lang = chinese ? "en" : "zh-CN";
    window.ContactCenterChat?.setLanguage(language);
  }

  const wanted = new URLSearchParams(location.search).get("language");
  let language = wanted || sessionStorage.getItem("language") || "en";
  toggle.addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    sessionStorage.setItem("language", language);
    speak(language);
  });
  for (const button of document.querySelectorAll("[data-chat]"))
    button.addEventListener("click", () => window.ContactCenterChat?.open());
  speak(language);
})();
