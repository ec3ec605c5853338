"""The link to the documentation in the HTML representation of an estimator."""

from typing import ClassVar


class DocumentationLink:
    """Mixin whose subclasses name the page that scikit-learn's diagrams link to.

    ``_doc_page`` is a path in the folder ``docs`` of the repository.
    """

    _doc_page: ClassVar[str]
    _doc_link_module = __name__.partition(".")[0]
    _doc_link_template = "https://github.com/skbackprop/skbackprop/blob/main/docs/{page}"

    def _doc_link_url_param_generator(self):
        return {"page": self._doc_page}
