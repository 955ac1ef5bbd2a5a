/* What a screen reader or a keyboard needs and the theme leaves out: the search has a name, wide tables can be reached. */
const named = document.querySelector(".md-search[role=dialog]");
if (named) named.setAttribute("aria-label", "Search");
const reach = () => {
  document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])").forEach((table) => {
    table.tabIndex = 0;
    table.setAttribute("role", "region");
    table.setAttribute("aria-label", "Table");
  });
  document.querySelectorAll(".md-code__nav:not([aria-label])").forEach((nav, i) => {
    nav.setAttribute("aria-label", `Code ${i + 1}`);
  });
};
reach();
new MutationObserver(reach).observe(document.body, { childList: true, subtree: true });
