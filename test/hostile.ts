/** What a hostile text tries: to end an element, an attribute or a script. */
export const HOSTILE = `</script><script>alert(1)</script><img src=x onerror=alert(1)>"'><svg onload=alert(1)>`;
