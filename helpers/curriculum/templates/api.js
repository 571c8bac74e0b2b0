// Finds names in the index of the API. Without this script every module is shown.
(() => {
  const form = document.getElementById("find");
  if (!form) return;
  const input = form.elements.text;
  const modules = [...document.querySelectorAll(".modules .module")];
  const apply = () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const module of modules) {
      const hits = module.querySelector(".hits");
      let hit = 0;
      for (const item of hits.children) {
        item.hidden = !wanted || !item.textContent.toLowerCase().includes(wanted);
        hit += !item.hidden;
      }
      hits.hidden = hit === 0;
      const all = module.dataset.names.toLowerCase();
      module.hidden = wanted !== "" && hit === 0 && !all.includes(wanted);
      shown += !module.hidden;
    }
    for (const section of document.querySelectorAll("main > section")) {
      section.hidden = !section.querySelector(".module:not([hidden])");
    }
    document.getElementById("found").textContent =
      wanted ? `${shown} of ${modules.length} modules` : "";
  };
  form.hidden = false;
  input.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
})();
