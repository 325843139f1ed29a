"""Signing in and out in a browser, and the one page there is until the desks are built."""

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts import sessions, signin
from accounts.errors import NotSignedIn, SigninBlocked
from exchange import desk, gate, refusals


class SignInForm(forms.Form):
    """Who, passphrase and code. Nothing typed here is ever rendered back but the address."""

    email = forms.EmailField(
        label="Work e-mail address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    passphrase = forms.CharField(
        label="Passphrase",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(
        label="Code from your authenticator",
        max_length=60,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Passphrase and code in one form; two cookies on success."""
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        attempt = signin.Attempt(**form.cleaned_data, address=gate.address_of(request))
        try:
            opened = signin.sign_in(attempt)
        except (NotSignedIn, SigninBlocked) as refused:
            refusals.record_refusal(refused)
            request.refusal_logged = True  # type: ignore[attr-defined]
            form.add_error(None, refused.sentence)
            form.data = {**request.POST.dict(), "code": ""}  # a code counts once, so it is not offered again
        else:
            desk.renew_keys(by=opened.keyholder)
            return _give_cookies(opened)
    status = 401 if form.is_bound else 200
    return render(request, "exchange/sign_in.html", {"form": form}, status=status)


@require_http_methods(["GET"])
def home(request: HttpRequest) -> HttpResponse:
    """Where one lands: who is signed in, and the way to the API's documentation."""
    standing = desk.find_standing(by=request.keyholder)  # type: ignore[attr-defined]  # set by the gate
    return render(request, "exchange/home.html", {"standing": standing})


@require_http_methods(["POST"])
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    """End the session and drop both cookies."""
    sessions.end(by=request.keyholder)  # type: ignore[attr-defined]  # set by the gate
    response = HttpResponseRedirect("/sign-in")
    for name in (gate.SESSION_COOKIE, gate.UNLOCK_COOKIE):
        response.delete_cookie(name, path="/")
    return response


@require_http_methods(["GET"])
def health(request: HttpRequest) -> HttpResponse:
    """That this process answers; nothing about anything else."""
    del request
    return HttpResponse("ok\n", content_type="text/plain")


def _give_cookies(opened: sessions.Opened) -> HttpResponseRedirect:
    response = HttpResponseRedirect("/")
    session, unlock = gate.split_bearer(opened.bearer)
    shared = {"secure": True, "httponly": True, "path": "/", "expires": opened.expires_at}
    response.set_cookie(gate.SESSION_COOKIE, session, samesite="Lax", **shared)  # type: ignore[arg-type]
    response.set_cookie(gate.UNLOCK_COOKIE, unlock, samesite="Strict", **shared)  # type: ignore[arg-type]
    return response
