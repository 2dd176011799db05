"""What every route answers to every role: the one table of who may call what, about whose things.

A new route needs one line here; `test_route_matrix.py` says which one is missing. A line reads

    METHOD /path/{with}/{parameters}  | role,role STATUS case=STATUS …  | role STATUS …

- The first status holds for all cases that are not named. Roles that a line does not name must get 403, nobody 401.
- A route without a session says `anyone` in place of a role.
- The cases say whose the thing is that the parameters name:
      own          the patient's, of hospital demo
      other        another patient's, of hospital demo
      foreign      another patient's, of hospital demo2
      preliminary  the patient's, with a report that is preliminary and hidden
      held         the patient's, of an item that a doctor must release first
      declined     the patient's, who does not want the digital service for it
      unknown      nobody's: it does not exist
  Staff, systems and `patient` are all of demo. Parameters that `matrix_world.py` does not know stand for nothing (unknown).
- `empty` is 200 with an empty list.
- A query may follow the path. What a write sends stands in BODIES below, else `{}`; so the shortest honest line of a new
  write is `| role 422`. Writes are asked in the order of the lines, after all reads.
"""

from __future__ import annotations

SEES = "200 foreign=404 unknown=404"  # staff and systems: the whole hospital, whatever the patient may see of it
MINE = "404 own=200 preliminary=200"  # the patient: what was not held back or declined
LISTS = "200 foreign=empty unknown=empty"  # a search finds nothing where there is nothing for who asks
LISTS_MINE = "empty own=200 preliminary=200"
VISIBLE = "404 own=200 other=200 preliminary=200"  # a kiosk: whatever its patient may see
OPENED = "404 own=200"  # whoever proved a link to one exam of the patient, or was authorised to it
LISTS_OPENED = "empty own=200"
NO_PATH_MINE = "404 own=400 preliminary=400"
NO_PATH = "400 foreign=404 unknown=404"  # what is asked for is no attribute
STAFF = "hospital,clinician,admin"
EVERYBODY = "hospital,clinician,kiosk,guide,auditor,admin,patient,link,third-party"
INSTANCE = "/dicom-web/studies/{study}/series/{series}/instances/{instance}"
SERIES = "/dicom-web/studies/{study}/series/{series}"
WADO = "/wado?requestType=WADO&studyUID={study}&seriesUID={series}&objectUID={instance}"

LINES = [
    # --- no session
    "GET /                                             | anyone 200",
    "GET /phone/{name}                                 | anyone 404",
    "GET /viewer                                       | anyone 200",
    "GET /viewer/{name}                                | anyone 404",
    "GET /browser                                      | anyone 200",
    "GET /browser/{name}                               | anyone 404",
    "GET /s/{token}                                    | anyone 404",
    "POST /s/{token}                                   | anyone 404",
    "GET /healthz                                      | anyone 200",
    "GET /readyz                                       | anyone 200",
    "GET /metrics                                      | anyone 404",
    "GET /get                                          | anyone 200",
    "POST /get                                         | anyone 422",  # it takes a form
    "POST /api/v1/shares/open                          | anyone 422",
    "POST /api/v1/shares/pickup                        | anyone 422",
    "GET /api/docs                                     | anyone 200",
    "GET /api/docs.css                                 | anyone 200",
    "GET /api/v1/openapi.json                          | anyone 200",
    "GET /demo/enter/{ticket}                          | anyone 303",
    "GET /demo/messages                                | anyone 200",
    "POST /api/v1/login/sms                            | anyone 422",
    "POST /api/v1/login/sms/verify                     | anyone 422",
    "POST /api/v1/login/wechat                         | anyone 422",
    "POST /api/v1/login/alipay                         | anyone 422",
    "POST /api/v1/login/handoff                        | anyone 422",
    "POST /api/v1/session/refresh                      | anyone 422",
    "GET /api/v1/hospitals                             | anyone 200",
    "GET /enter/{ticket}                               | anyone 410",
    "GET /pc/{handle}                                  | anyone 200",
    "POST /pc/{handle}                                 | anyone 400",
    "POST /api/v1/callbacks/aliyun/{secret}            | anyone 404",  # no channel is set up here
    "GET /api/v1/callbacks/wechat                      | anyone 404",
    "POST /api/v1/callbacks/wechat                     | anyone 404",
    "POST /api/v1/callbacks/alipay                     | anyone 404",
    "POST /api/v1/callbacks/gateway/{hospital}         | anyone 404",
    # --- the patient's phone
    "GET /api/v1/me                                    | patient 200",
    "GET /api/v1/me/phones                             | patient 200",
    "GET /api/v1/me/bindings                           | patient 200",
    "GET /api/v1/me/family                             | patient 200",
    "GET /api/v1/me/consents                           | patient 200",
    "GET /api/v1/me/subscriptions                      | patient 200",
    "GET /api/v1/me/notices                            | patient 200",
    "GET /api/v1/me/activations                        | patient 200",
    "GET /api/v1/me/declined                           | patient 200",
    "GET /api/v1/me/export                             | patient 200",
    "GET /api/v1/exams                                 | patient,link 200",
    f"GET /api/v1/exams/{{exam}}                       | patient {MINE} | link {OPENED}",
    f"GET /api/v1/exams/{{exam}}/report                | patient,link {OPENED} | clinician {SEES} | auditor 400",
    f"GET /api/v1/exams/{{exam}}/report.pdf           | patient,link {OPENED} | clinician {SEES} | kiosk 404 own=200 other=200",
    "GET /api/v1/exams/{exam}/report/picture           | patient,link 404 | clinician 404 | kiosk 404",
    f"GET /api/v1/exams/{{exam}}/report/terms          | patient,link {OPENED} | clinician {SEES}",
    f"GET /api/v1/exams/{{exam}}/access-log            | patient {MINE}",
    f"GET /api/v1/exams/{{exam}}/download              | patient {MINE} | link 404",
    f"GET /api/v1/exams/{{exam}}/download.zip          | patient {MINE} | link 404",
    f"GET /api/v1/exams/{{exam}}/films                 | clinician {SEES} | kiosk {VISIBLE} | patient {MINE} | link {OPENED}",
    f"GET /api/v1/exams/{{exam}}/films/{{n}}           | clinician {SEES} | kiosk {VISIBLE} | patient {MINE} | link {OPENED}",
    f"GET /api/v1/exams/{{exam}}/films/{{n}}.jpg       | clinician {SEES} | kiosk {VISIBLE} | patient {MINE} | link {OPENED}",
    f"GET /api/v1/exams/{{exam}}/films/{{n}}.dcm       | clinician {SEES} | kiosk {VISIBLE} | patient {MINE} | link {OPENED}",
    f"GET /api/v1/exams/{{exam}}/films.pdf             | clinician {SEES} | kiosk {VISIBLE} | patient {MINE} | link {OPENED}",
    f"GET /api/v1/exams/{{exam}}/notice                | patient {MINE}",
    f"GET /api/v1/exams/{{exam}}/sensitive             | patient {MINE}",
    f"PUT /api/v1/exams/{{exam}}/sensitive             | patient {MINE}",
    "GET /api/v1/shares/preview                        | patient 422",
    "POST /api/v1/shares/{share}/preview               | patient 404",
    "GET /api/v1/shares                                | patient 200",
    "GET /api/v1/shares/{share}                        | patient 404",
    "GET /api/v1/shares/{share}/qr.png                 | patient 404",
    "GET /api/v1/shares/{share}/qr.svg                 | patient 404",
    "GET /api/v1/shares/{share}/visits                 | patient 404",
    "POST /api/v1/shares                               | patient 422",
    "POST /api/v1/shares/{share}/pickup                | patient 404",
    "DELETE /api/v1/shares/{share}                     | patient 404",
    "POST /api/v1/session/ticket                       | patient,link 201",
    "POST /api/v1/exams/{exam}/pc-download             | patient 404 own=201 preliminary=201",
    "POST /api/v1/me/activations                       | patient 404 own=201 preliminary=201 declined=201",
    "POST /api/v1/me/declined                          | patient 404 own=201 preliminary=201 declined=201",
    "POST /api/v1/me/phones                            | patient 422",
    "DELETE /api/v1/me/phones/{phone_id}               | patient 404",
    "POST /api/v1/me/bindings                          | patient 422",
    "POST /api/v1/me/family                            | patient 422",
    "POST /api/v1/me/family/verify                     | patient 422",
    "POST /api/v1/me/family/{proxy_id}/agreement       | patient 404",
    "POST /api/v1/me/pairing-code                      | patient 201",
    "GET /api/v1/feedback                              | patient,link 200",
    "GET /api/v1/feedback/{feedback}                   | patient,link 404",
    "POST /api/v1/feedback                             | patient,link 422",
    "POST /api/v1/feedback/{feedback}/entries          | patient,link 422",
    "DELETE /api/v1/feedback/{feedback}                | patient,link 404",
    "POST /api/v1/me/consents                          | patient 422",
    "POST /api/v1/me/subscriptions                     | patient 422",
    "PUT /api/v1/me/notices                            | patient 422",
    "DELETE /api/v1/me/consents/{kind}                 | patient 404",
    # --- third parties, and who lets them in
    "POST /api/v1/oauth/token                          | anyone 400",
    "GET /api/v1/third-party/exams                     | third-party 200",
    "GET /api/v1/me/authorisations                     | patient 200",
    "POST /api/v1/me/authorisations                    | patient 422",
    "DELETE /api/v1/me/authorisations/{authorisation}  | patient 404",
    "GET /api/v1/hospital/third-parties                | admin 200",
    "POST /api/v1/hospital/third-parties               | admin 422",
    "DELETE /api/v1/hospital/third-parties/{third_party} | admin 404",
    "POST /api/v1/hospital/third-parties/{third_party}/secret | admin 404",
    "GET /api/v1/hospital/third-parties/{third_party}/authorisations | admin 404",
    "POST /api/v1/hospital/third-parties/{third_party}/authorisations | admin 404",
    "DELETE /api/v1/hospital/third-parties/{third_party}/authorisations/{authorisation} | admin 404",
    # --- at the hospital: a kiosk, and a guide at the desk
    "POST /api/v1/kiosk/codes                          | kiosk 422",
    "POST /api/v1/kiosk/bindings                       | kiosk 422",
    "POST /api/v1/kiosk/exams                          | kiosk 422",
    "POST /api/v1/kiosk/activations                    | kiosk 422",
    "POST /api/v1/desk/codes                           | guide 422",
    "POST /api/v1/desk/patients                        | guide 422",
    "POST /api/v1/desk/bindings                        | guide 422",
    "POST /api/v1/desk/exams                           | guide 422",
    "POST /api/v1/desk/activations                     | guide 422",
    "POST /api/v1/desk/family                          | guide 422",
    "POST /api/v1/desk/family/{proxy_id}/agreement     | guide 404",
    # --- a hospital's systems and staff
    "GET /api/v1/hospital/service-events               | hospital,admin 200",
    "GET /api/v1/hospital/service-events.csv           | hospital,admin 200",
    "GET /.well-known/cloudfilm-qr-keys.json           | anyone 200",
    f"GET /api/v1/hospital/exams/{{accession}}/access.png | hospital,admin {SEES}",
    f"GET /api/v1/hospital/exams/{{accession}}/access.svg | hospital,admin {SEES}",
    f"GET /api/v1/hospital/exams/{{accession}}/access.json | hospital,admin {SEES}",
    "POST /api/v1/hospital/exams/{accession}/access    | hospital,admin 201 foreign=404 unknown=404",
    # --- notices: what hospitals see of messages
    "GET /api/v1/maintenance                           | anyone 200",
    "GET /api/v1/hospital/notices | hospital,guide,admin 200",
    "GET /api/v1/hospital/notices/counts | hospital,admin 200",
    "GET /api/v1/hospital/notices/rules | hospital,admin 200",
    "GET /api/v1/hospital/notices/templates | hospital,admin 200",
    "GET /api/v1/hospital/notices/opt-outs/{patient_id} | hospital,guide,admin 200 foreign=404 unknown=404",
    "GET /api/v1/hospital/notices/maintenance | hospital,admin 200",
    "GET /api/v1/hospital/notices/{notice} | hospital,guide,admin 404",
    "PUT /api/v1/hospital/notices/rules | admin 200",
    "PUT /api/v1/hospital/notices/templates/{channel}/{kind} | admin 422",
    "DELETE /api/v1/hospital/notices/templates/{channel}/{kind} | admin 404",
    "POST /api/v1/hospital/notices/release | admin 422",
    "POST /api/v1/hospital/notices/replay | admin 200",
    "PUT /api/v1/hospital/notices/opt-outs/{patient_id} | hospital,guide,admin 200 foreign=404 unknown=404",
    "DELETE /api/v1/hospital/notices/opt-outs/{patient_id} | hospital,guide,admin 204 foreign=404 unknown=404",
    "POST /api/v1/hospital/notices/maintenance | admin 422",
    "DELETE /api/v1/hospital/notices/maintenance/{maintenance_id} | admin 404",
    "POST /api/v1/hospital/notices/{notice}/again | hospital,guide,admin 404",
    "POST /api/v1/hospital/notices/{notice}/outcome | admin 422",
    "GET /api/v1/hospital/reminders | hospital,clinician,admin 200",
    "GET /api/v1/hospital/reminders/{reminder} | hospital,clinician,admin 404",
    "GET /api/v1/hospital/contacts | admin 200",
    "POST /api/v1/hospital/reminders | hospital,clinician,admin 422",
    "POST /api/v1/hospital/reminders/{reminder}/acknowledge | hospital,clinician,admin 404",
    "PUT /api/v1/hospital/contacts | admin 422",
    "GET /api/v1/hospital/waiting                      | hospital,admin 200",
    "GET /api/v1/hospital/films                        | hospital,admin 200",
    "GET /api/v1/hospital/films/{page}                 | hospital,admin 404",
    "GET /api/v1/hospital/films/{page}/preview.jpg     | hospital,admin 404",
    "GET /api/v1/hospital/films/{page}/original        | hospital,admin 404",
    "POST /api/v1/hospital/films                       | hospital,admin 422",
    "POST /api/v1/hospital/films/{page}/choose         | admin 422",
    "POST /api/v1/hospital/films/{page}/rematch        | admin 404",
    "POST /api/v1/hospital/films/{page}/undo           | admin 404",
    "POST /api/v1/hospital/exams/{accession}/study     | admin 200 foreign=404 unknown=404",
    "POST /api/v1/hospital/exams/{accession}/rematch   | admin 200 foreign=404 unknown=404",
    "POST /api/v1/hospital/exams/{accession}/release   | clinician 200 foreign=404 unknown=404",
    "DELETE /api/v1/hospital/exams/{accession}/release | clinician 200 foreign=404 unknown=404",
    "POST /api/v1/hospital/patients/{patient_id}/merge | admin 422",
    "POST /api/v1/hospital/patients/{patient_id}/unmerge | admin 409 foreign=404 unknown=404",
    "GET /api/v1/hospital/feedback                     | guide,admin 200",
    "GET /api/v1/hospital/feedback/{feedback}          | guide,admin 404",
    "POST /api/v1/hospital/feedback/{feedback}/take    | guide,admin 404",
    "POST /api/v1/hospital/feedback/{feedback}/answer  | guide,admin 422",
    "POST /api/v1/hospital/feedback/{feedback}/close   | guide,admin 404",
    "POST /api/v1/hospital/feedback/{feedback}/reopen  | guide,admin 404",
    "GET /api/v1/admin/terms                           | admin 200",
    "GET /api/v1/admin/blackouts                       | admin 200",
    "POST /api/v1/admin/blackouts                      | admin 422",
    "POST /api/v1/admin/blackouts/trial                | admin 422",
    "DELETE /api/v1/admin/blackouts/{rule}             | admin 404",
    "PUT /api/v1/admin/terms/{term}                    | admin 422",
    "DELETE /api/v1/admin/terms/{term}                 | admin 404",
    "GET /api/v1/admin/hospital                        | admin 200",
    "PUT /api/v1/admin/hospital                        | admin 200",
    # Another hospital's numbers are free in this one; who comes second finds what the first has told.
    "PUT /api/v1/hospital/patients/{patient_id}        | hospital 200 foreign=201 unknown=201 | admin 200",
    "PUT /api/v1/hospital/exams/{accession}            | hospital 200 foreign=201 unknown=201 | admin 200",
    "PUT /api/v1/hospital/exams/{accession}/report     | hospital 200 foreign=201 unknown=201 | admin 200",
    "GET /api/v1/hospital/campuses                     | hospital,admin 200",
    "GET /api/v1/hospital/departments                  | hospital,admin 200",
    "PUT /api/v1/hospital/campuses/{code}              | hospital 201 | admin 200",
    "PUT /api/v1/hospital/departments/{code}           | hospital 201 | admin 200",
    # --- staff make a film of chosen images
    "GET /api/v1/exams/{exam}/films/versions           | clinician,admin 200 foreign=404 unknown=404",
    "POST /api/v1/exams/{exam}/films                   | clinician,admin 422 foreign=404 unknown=404",
    "DELETE /api/v1/exams/{exam}/films                 | clinician,admin 404",
    # --- the auditor
    "GET /api/v1/audit                                 | auditor 200",
    "GET /api/v1/audit/export                          | auditor 200",
    # --- pictures (DICOMweb, WADO-URI)
    f"GET /dicom-web                                   | {STAFF},patient,link,third-party 400",
    f"GET /dicom-web/studies                           | {STAFF},patient,link,third-party 200",
    f"GET /dicom-web/series                            | {STAFF},patient,link,third-party 200",
    f"GET /dicom-web/instances                         | {STAFF},patient,link,third-party 200",
    f"GET /dicom-web/studies/{{study}}                 | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET /dicom-web/studies/{{study}}/metadata        | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET /dicom-web/studies/{{study}}/rendered        | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET /dicom-web/studies/{{study}}/thumbnail       | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET /dicom-web/studies/{{study}}/series | {STAFF} {LISTS} | patient {LISTS_MINE} | link,third-party {LISTS_OPENED}",
    f"GET /dicom-web/studies/{{study}}/instances | {STAFF} {LISTS} | patient {LISTS_MINE} | link,third-party {LISTS_OPENED}",
    f"GET {SERIES}                                     | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {SERIES}/metadata                            | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {SERIES}/rendered                            | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {SERIES}/thumbnail                           | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {SERIES}/instances | {STAFF} {LISTS} | patient {LISTS_MINE} | link,third-party {LISTS_OPENED}",
    f"GET {INSTANCE} | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED} | auditor 400",
    f"GET {INSTANCE}/metadata                          | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {INSTANCE}/rendered                          | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {INSTANCE}/thumbnail                         | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {INSTANCE}/frames/{{numbers}}                | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {INSTANCE}/frames/{{numbers}}/rendered       | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {INSTANCE}/frames/{{number}}/thumbnail       | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    f"GET {INSTANCE}/bulkdata/{{path}} | {STAFF} {NO_PATH} | patient {NO_PATH_MINE} | link,third-party 404 own=400",
    f"GET {WADO}                                       | {STAFF} {SEES} | patient {MINE} | link,third-party {OPENED}",
    "POST /dicom-web/studies                           | hospital,admin 415",
    "PUT /dicom-web/studies                            | hospital,admin 415",
    "POST /dicom-web/studies/{study}                   | hospital,admin 415",
    "PUT /dicom-web/studies/{study}                    | hospital,admin 415",
    "DELETE /dicom-web/studies/{study}                 | hospital,admin 409 foreign=404 unknown=404",
    # --- what ends who asks, each with a session of its own
    "POST /api/v1/desk/bindings/{binding}/undo         | guide 404 other=204",
    "DELETE /api/v1/me/bindings/{binding}              | patient 404 own=204",
    "DELETE /api/v1/me/family/{proxy_id}               | patient 404 own=204",
    "POST /api/v1/desk/family/{proxy_id}/undo          | guide 404 other=204",
    "DELETE /api/v1/me                                 | patient 200",
    f"DELETE /api/v1/session                           | {EVERYBODY} 204",
]

BODIES = {
    "PUT /api/v1/exams/{exam}/sensitive": {"sensitive": True},
    "PUT /api/v1/hospital/campuses/{code}": {"name": "新区"},
    "PUT /api/v1/hospital/departments/{code}": {"name": "呼吸内科"},
    "POST /api/v1/desk/family/{proxy_id}/agreement": {"papers": [{"kind": "id_card"}]},
    "POST /api/v1/desk/bindings/{binding}/undo": {"reason": "other"},
    "POST /api/v1/desk/family/{proxy_id}/undo": {"reason": "other"},
    "POST /api/v1/me/activations": {"exam": "{exam}", "way": "phone", "notice_version": "1"},
    "POST /api/v1/me/declined": {"exam": "{exam}", "notice_version": "1"},
    "PUT /api/v1/hospital/patients/{patient_id}": {"name": "某某"},
    "PUT /api/v1/hospital/exams/{accession}": {
        "patient_id": "{patient_id}",
        "category": "radiology",
        "performed_at": "2026-01-01T08:00:00+08:00",
    },
    "PUT /api/v1/hospital/exams/{accession}/report": {"status": "final"},
    "POST /api/v1/hospital/exams/{accession}/study": {"study_uid": "{study}"},
    "POST /api/v1/hospital/exams/{accession}/rematch": {"patient_id": "{patient_id}"},
}
ENDS_THE_ASKER = {"DELETE /api/v1/me", "DELETE /api/v1/session"}
