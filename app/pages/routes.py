"""Which function makes which page: Panel's route templates → "module:function", imported when first asked for."""

PAGES = {
    "/": "app.pages.dashboard:view",
    "/dashboard": "app.pages.dashboard:view",
    "/assets": "app.pages.assets:view",
    "/assets/{id:int}": "app.pages.asset:view",
    "/sensors/{id:int}": "app.pages.sensor:view",
}
