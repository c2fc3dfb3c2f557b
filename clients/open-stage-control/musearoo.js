// For Open Stage Control's custom-module option: what MuseAroo tells at .../echo is shown by
// the widget that sends to the address without it.
module.exports = {
    init: function() {
        send(settings.read('send')[0], '/musearoo/hello')
    },
    oscInFilter: function(data) {
        if (data.address.endsWith('/echo')) {
            data.address = data.address.slice(0, -5)
        }
        return data
    }
}
