"""The pages: parse a form, call an act, render. In this edition of Confer, signing in and the API's documentation."""
