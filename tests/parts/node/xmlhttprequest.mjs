// The part of a browser's XMLHttpRequest that dicomweb-client uses, made of Node's fetch.

export class XMLHttpRequest {
  constructor() {
    this.readyState = 0;
    this.status = 0;
    this.response = null;
    this.responseType = '';
    this.sent = new Headers();
    this.received = new Headers();
  }

  open(method, url) {
    this.method = method.toUpperCase();
    this.url = url;
  }

  setRequestHeader(name, value) {
    this.sent.append(name, value);
  }

  getResponseHeader(name) {
    return this.received.get(name);
  }

  getAllResponseHeaders() {
    return [...this.received].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  async send(body) {
    const answer = await fetch(this.url, { method: this.method, headers: this.sent, body });
    const bytes = await answer.arrayBuffer();
    this.status = answer.status;
    this.received = answer.headers;
    this.response = this.read(bytes);
    this.readyState = 4;
    this.onreadystatechange();
  }

  read(bytes) {
    if (this.responseType === 'arraybuffer') return bytes;
    const text = new TextDecoder().decode(bytes);
    if (this.responseType !== 'json') return text;
    try {
      return JSON.parse(text);
    } catch {
      return null; // as browsers do
    }
  }
}
